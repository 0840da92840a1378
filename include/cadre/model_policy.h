// Prices, budgets, chains, cache and recordings around models: what the command line uses.
#pragma once

#include "policy/model_chain.h"
