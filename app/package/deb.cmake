# The Debian package: `cmake --build BUILD --target package`, or cpack in BUILD. One package of what is
# installed, without the program for clusters, which would bring an MPI with it.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME ckptscope)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT
    "ckptscope maintainers <maintainers@users.noreply.h-seed-30696615.example>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "terminal inspector and converter for LLM checkpoints")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"ckptscope shows the keys, shapes and values of safetensors and torch
checkpoints on a full screen, at a prompt and in scripts, previews from
headers alone how one maps between the Hugging Face layout and the native
layout of NVIDIA NeMo Automodel, and converts it: streamed, in bounded
memory, and verified bit for bit.

Models on the Hugging Face hub are looked at without downloading them.")
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS libcurl4)  # opened when a path says hf:// or https://
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_CHECKSUM SHA256)
set(CPACK_COMPONENTS_ALL Unspecified debian)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)
# The same bytes each time: all of it is as old as the release.
execute_process(COMMAND date --utc +%s --date=${CKPTSCOPE_DATE}
                OUTPUT_VARIABLE seconds OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
set(CPACK_PROJECT_CONFIG_FILE ${PROJECT_BINARY_DIR}/package/age.cmake)
file(CONFIGURE OUTPUT package/age.cmake @ONLY CONTENT
"if(NOT DEFINED ENV{SOURCE_DATE_EPOCH})
  set(ENV{SOURCE_DATE_EPOCH} @seconds@)
endif()
")
include(CPack)

# What Debian's policy asks for beside it: the licence, and a changelog that dpkg can read.
execute_process(COMMAND date --utc --rfc-email --date=${CKPTSCOPE_DATE}
                OUTPUT_VARIABLE date OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
file(CONFIGURE OUTPUT package/changelog @ONLY CONTENT
"ckptscope (@PROJECT_VERSION@) stable; urgency=medium

  * What has changed is told in /usr/share/doc/ckptscope/NEWS.gz.

 -- @CPACK_PACKAGE_CONTACT@  @date@
")
file(COPY_FILE .github/CHANGELOG.md ${PROJECT_BINARY_DIR}/package/NEWS ONLY_IF_DIFFERENT)
ckptscope_install_compressed(${PROJECT_BINARY_DIR}/package/changelog share/doc/ckptscope
                             COMPONENT debian EXCLUDE_FROM_ALL)
ckptscope_install_compressed(${PROJECT_BINARY_DIR}/package/NEWS share/doc/ckptscope
                             COMPONENT debian EXCLUDE_FROM_ALL)
install(FILES app/package/copyright DESTINATION share/doc/ckptscope
        COMPONENT debian EXCLUDE_FROM_ALL)
