// Language models of vendors and of any compatible server, over HTTP.
#pragma once

#include "net/http_model.h"
