add_library(cadre_warnings INTERFACE)
target_compile_options(cadre_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor
  -Wold-style-cast -Woverloaded-virtual -Wimplicit-fallthrough
  $<$<CXX_COMPILER_ID:GNU>:-Wduplicated-cond;-Wlogical-op;-Wuseless-cast>)
option(CADRE_WERROR "Warnings are errors" OFF)
if(CADRE_WERROR)
  target_compile_options(cadre_warnings INTERFACE -Werror)
endif()
