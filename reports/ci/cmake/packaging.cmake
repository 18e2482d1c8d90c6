# What is installed besides the program, and the Debian package.  Included by the
# CMakeLists.txt of the project, after the program.

include(CMakePackageConfigHelpers)

# ---- the manual and the completions, written by the program itself ---------------------

set(generated "")

# generated_file(<path> <destination> <argument> ...): what the program prints for the
# arguments goes to <path> in the build folder and is installed.
function(generated_file path destination)
    set(output ${PROJECT_BINARY_DIR}/${path})
    get_filename_component(folder ${output} DIRECTORY)
    file(MAKE_DIRECTORY ${folder})
    add_custom_command(
        OUTPUT ${output}
        COMMAND strayref ${ARGN} > ${output}
        DEPENDS strayref
        COMMENT "Writing ${path}"
        VERBATIM)
    install(FILES ${output} DESTINATION ${destination})
    set(generated ${generated} ${output} PARENT_SCOPE)
endfunction()

generated_file(man/strayref.1 ${CMAKE_INSTALL_MANDIR}/man1 man strayref)
generated_file(man/strayref.yaml.5 ${CMAKE_INSTALL_MANDIR}/man5 man strayref.yaml)
generated_file(completions/strayref ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
    completion bash)
generated_file(completions/_strayref ${CMAKE_INSTALL_DATADIR}/zsh/site-functions completion zsh)
generated_file(completions/strayref.fish ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d
    completion fish)
add_custom_target(documents ALL DEPENDS ${generated})

# ---- find_package(strayref) and the recipes ---------------------------------------------

set(package_folder ${CMAKE_INSTALL_DATADIR}/cmake/strayref)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/strayrefConfigVersion.cmake
    COMPATIBILITY SameMajorVersion ARCH_INDEPENDENT)
install(FILES ${CMAKE_CURRENT_LIST_DIR}/strayrefConfig.cmake
    ${PROJECT_BINARY_DIR}/strayrefConfigVersion.cmake DESTINATION ${package_folder})
install(FILES ${PROJECT_SOURCE_DIR}/README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/reports/ci/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/ci
    USE_SOURCE_PERMISSIONS PATTERN cmake EXCLUDE PATTERN install EXCLUDE)

# ---- the Debian package: cpack -G DEB ------------------------------------------------------

# libclang reads stddef.h and its like from a package of its own.
set(clang_headers "libclang-common-19-dev")
get_target_property(libclang_file libclang IMPORTED_LOCATION)
if(libclang_file MATCHES "llvm-([0-9]+)/")
    set(clang_headers "libclang-common-${CMAKE_MATCH_1}-dev")
endif()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME strayref)
set(CPACK_PACKAGE_VENDOR "The strayref developers")
# Who makes the package, as Debian's tools ask for it: DEBFULLNAME and DEBEMAIL.
set(maintainer "$ENV{DEBFULLNAME}")
set(address "$ENV{DEBEMAIL}")
if(NOT maintainer)
    set(maintainer "The strayref developers")
endif()
if(NOT address)
    set(address "strayref@localhost")
endif()
set(CPACK_PACKAGE_CONTACT "${maintainer} <${address}>")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/reports/LICENSE)
configure_file(${CMAKE_CURRENT_LIST_DIR}/changelog.in ${PROJECT_BINARY_DIR}/changelog @ONLY)
install(FILES ${CMAKE_CURRENT_LIST_DIR}/copyright ${PROJECT_BINARY_DIR}/changelog
    DESTINATION ${CMAKE_INSTALL_DOCDIR})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "finds reference-count errors in C extensions for Python")
string(CONCAT CPACK_PACKAGE_DESCRIPTION
    "strayref reads C through libclang, follows every path through every function,\n"
    "keeps a ledger of who owns which reference, and reports references that leak,\n"
    "that are released twice, used after their release, returned without being\n"
    "owned, or given away after somebody else took them.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_LIST_DIR}/debian.cmake)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS ${clang_headers})
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "libc6-dev, python3-dev")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "bear")
include(CPack)
