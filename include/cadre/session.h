// Conversations that last over runs.
#pragma once

#include "memory/session.h"
