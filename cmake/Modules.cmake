# cadre_module(NAME [COLD] DIRS sub/folder... LINK lib...)
#
# Makes the static library cadre_NAME of the .cc files in the current folder (and the named
# sub-folders), and, from the *_test.cc beside them, the test program cadre_NAME_test.
# COLD: code that runs for milliseconds in a run; -O1 compiles it a fifth quicker.
option(CADRE_PCH "Precompile the common headers: quicker first builds, no use for ccache" OFF)
set(CADRE_COMMON_HEADERS
  <algorithm> <cstdint> <functional> <map> <memory> <optional> <set> <string>
  <string_view> <utility> <vector> <boost/json/array.hpp> <boost/json/object.hpp>
  <boost/json/value.hpp> <fmt/format.h>)
# One precompiled header for all modules of the same flags.
function(cadre_precompile target cold)
  target_compile_options(${target} PRIVATE -pthread)  # a difference in it would spoil the sharing
  get_property(maker GLOBAL PROPERTY cadre_pch_${cold})
  if(maker)
    target_precompile_headers(${target} REUSE_FROM ${maker})
  else()
    target_precompile_headers(${target} PRIVATE ${CADRE_COMMON_HEADERS})
    set_property(GLOBAL PROPERTY cadre_pch_${cold} ${target})
  endif()
endfunction()
function(cadre_module name)
  cmake_parse_arguments(M "COLD" "" "DIRS;LINK;PRIVATE_LINK;TEST_LINK" ${ARGN})
  set(globs ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  foreach(dir ${M_DIRS})
    list(APPEND globs ${CMAKE_CURRENT_SOURCE_DIR}/${dir}/*.cc)
  endforeach()
  file(GLOB sources CONFIGURE_DEPENDS ${globs})
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  if(NOT sources)
    return()
  endif()
  add_library(cadre_${name} STATIC ${sources})
  target_include_directories(cadre_${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/cadre>)
  target_link_libraries(cadre_${name} PUBLIC ${M_LINK} PRIVATE ${M_PRIVATE_LINK}
                        $<BUILD_INTERFACE:cadre_warnings>)
  set_target_properties(cadre_${name} PROPERTIES EXPORT_NAME ${name})
  install(TARGETS cadre_${name} EXPORT cadreTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  if(M_COLD)
    target_compile_options(cadre_${name} PRIVATE $<$<CONFIG:Release>:-O1>)
  endif()
  if(CADRE_PCH)
    cadre_precompile(cadre_${name} "${M_COLD}")
  endif()
  if(CADRE_BUILD_TESTS AND tests)
    add_executable(cadre_${name}_test ${tests})
    target_link_libraries(cadre_${name}_test PRIVATE cadre_${name} ${M_TEST_LINK} cadre_warnings
                          GTest::gtest GTest::gtest_main)
    target_compile_definitions(cadre_${name}_test PRIVATE
      CADRE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    gtest_discover_tests(cadre_${name}_test TEST_PREFIX ${name}. DISCOVERY_MODE PRE_TEST)
  endif()
endfunction()
