// Cadre's public API.
#pragma once

#include "cadre/agent.h"
#include "cadre/budget.h"
#include "cadre/clock.h"
#include "cadre/context.h"
#include "cadre/guardrail.h"
#include "cadre/handoff.h"
#include "cadre/item.h"
#include "cadre/json.h"
#include "cadre/model.h"
#include "cadre/result.h"
#include "cadre/run.h"
#include "cadre/session.h"
#include "cadre/store.h"
#include "cadre/testing.h"
#include "cadre/tool.h"
