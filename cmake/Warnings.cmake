add_library(cadre_warnings INTERFACE)
target_compile_options(cadre_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor
  -Wold-style-cast -Woverloaded-virtual -Wimplicit-fallthrough
  # g++ 12 reports std::optional members as maybe uninitialized where they are guarded.
  $<$<CXX_COMPILER_ID:GNU>:-Wduplicated-cond;-Wlogical-op;-Wuseless-cast;-Wno-maybe-uninitialized>)
option(CADRE_WERROR "Warnings are errors" OFF)
if(CADRE_WERROR)
  target_compile_options(cadre_warnings INTERFACE -Werror)
endif()
