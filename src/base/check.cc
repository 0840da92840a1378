#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace cadre::detail {

void check_failed(const char* expression, const char* file, int line, const char* message) {
  std::fprintf(stderr, "cadre: internal error at %s:%d: %s (%s)\n", file, line, message,
               expression);
  std::abort();
}

}  // namespace cadre::detail
