# Runs inside cpack -G DEB, on what was installed for the package: as Debian wants it, the manual
# and the changelog are compressed, the program finds libclang where all libraries are, and packages
# have a folder of their own for zsh.

set(root ${CPACK_TEMPORARY_INSTALL_DIRECTORY}${CPACK_PACKAGING_INSTALL_PREFIX})
file(RPATH_REMOVE FILE ${root}/bin/strayref)
file(GLOB pages ${root}/share/man/*/*.[1-9] ${root}/share/doc/strayref/changelog)
foreach(page ${pages})
    execute_process(COMMAND gzip -9n ${page} COMMAND_ERROR_IS_FATAL ANY)
endforeach()
file(MAKE_DIRECTORY ${root}/share/zsh/vendor-completions)
file(RENAME ${root}/share/zsh/site-functions/_strayref
    ${root}/share/zsh/vendor-completions/_strayref)
file(REMOVE_RECURSE ${root}/share/zsh/site-functions)
