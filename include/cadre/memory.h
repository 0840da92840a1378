// What agents remember over runs: the memory file, what a run takes from it and leaves there
// (RunOptions::memory), compaction, lessons, and the views of conversations and tasks.
#pragma once

#include "cadre/summarizer.h"
#include "memory/compaction.h"
#include "memory/conversation_tracker.h"
#include "memory/execution_state.h"
#include "memory/lessons.h"
#include "memory/memory_file.h"
#include "memory/run_memory.h"
#include "memory/session_memory.h"
