// Result and Error, as every function of Cadre gives them.
#pragma once

#include "base/result.h"
