add_library(cadre_warnings INTERFACE)
target_compile_options(cadre_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor
  -Wold-style-cast -Woverloaded-virtual -Wimplicit-fallthrough
  # g++ 12 reports std::optional members as maybe uninitialized where they are guarded.
  $<$<CXX_COMPILER_ID:GNU>:-Wduplicated-cond;-Wlogical-op;-Wuseless-cast;-Wno-maybe-uninitialized>)
option(CADRE_WERROR "Warnings are errors" OFF)
if(CADRE_WERROR)
  target_compile_options(cadre_warnings INTERFACE -Werror)
elseif(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # What users build, at -O2 and more: there g++ 12 reports overlapping copies and bounds inside
  # std::string's own operator+ and replace() that cannot happen (GCC bugs 105329 and 105651). The
  # preset `check` keeps these warnings, as errors.
  target_compile_options(cadre_warnings INTERFACE -Wno-restrict -Wno-array-bounds
                                                  -Wno-stringop-overflow -Wno-stringop-overread)
endif()
