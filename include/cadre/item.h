// Messages, reasoning, tool calls and results; histories that are valid by construction.
#pragma once

#include "core/item.h"
