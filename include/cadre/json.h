// JSON values, strict reader, deterministic writer.
#pragma once

#include "base/json.h"
