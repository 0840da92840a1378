// The interface of a language model.
#pragma once

#include "model/model.h"
