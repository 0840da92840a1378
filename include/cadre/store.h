// Where journals live.
#pragma once

#include "store/store.h"
