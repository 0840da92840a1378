// The spans of a run, made of its journal: who did what, within what, for how long. Link
// cadre::trace.
#pragma once

#include "trace/spans.h"
