// Time, and a fake of it.
#pragma once

#include "base/clock.h"
