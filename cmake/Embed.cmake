# cadre_embed(OUT_VAR NAMESPACE ns ROOT dir FILES file...)
#
# Turns data files into one generated .cc that defines
#   const cadre::EmbeddedFile* <ns>::files(); std::size_t <ns>::file_count();
# (declared in base/embedded.h), so that the binary needs no data folder at run time.
function(cadre_embed out_var)
  cmake_parse_arguments(E "" "NAMESPACE;ROOT" "FILES" ${ARGN})
  set(out ${CMAKE_CURRENT_BINARY_DIR}/embedded_${E_NAMESPACE}.cc)
  string(REPLACE ";" "|" joined "${E_FILES}")
  add_custom_command(
    OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DOUT=${out} -DNS=${E_NAMESPACE} -DROOT=${E_ROOT} "-DFILES=${joined}"
            -P ${PROJECT_SOURCE_DIR}/cmake/EmbedScript.cmake
    DEPENDS ${E_FILES} ${PROJECT_SOURCE_DIR}/cmake/EmbedScript.cmake
    VERBATIM)
  set(${out_var} ${out} PARENT_SCOPE)
endfunction()
