// Where journals live: make_memory_store(), and open_sqlite_store() for runs that outlast their
// process.
#pragma once

#include "store/sqlite_store.h"
#include "store/store.h"
