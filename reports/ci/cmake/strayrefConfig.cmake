# find_package(strayref [REQUIRED]) gives
#
#   strayref            a target that scans the whole project:
#                       cmake --build build --target strayref
#   strayref::strayref  the program, for commands and tests of your own
#   strayref_scan()     more targets, see below
#
# It turns CMAKE_EXPORT_COMPILE_COMMANDS on, so call it before the first add_library().
# The Makefile and Ninja generators write the compilation database that is scanned.

if(NOT STRAYREF_EXECUTABLE)
    find_program(STRAYREF_EXECUTABLE strayref HINTS "${CMAKE_CURRENT_LIST_DIR}/../../../bin"
        DOC "The program strayref")
endif()
if(NOT STRAYREF_EXECUTABLE)
    set(strayref_FOUND FALSE)
    set(strayref_NOT_FOUND_MESSAGE "the program strayref is not installed; "
        "-DSTRAYREF_EXECUTABLE=FILE names it")
    list(JOIN strayref_NOT_FOUND_MESSAGE "" strayref_NOT_FOUND_MESSAGE)
    return()
endif()
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_GENERATOR MATCHES "Makefiles|Ninja")
    message(WARNING "strayref: ${CMAKE_GENERATOR} writes no compile_commands.json; "
        "use -G Ninja")
endif()

# strayref_scan(NAME target [ALL] [PATHS path...] [OPTIONS option...] [DEPENDS target...])
#
# Adds a target that runs "strayref scan OPTIONS PATHS" in the current source folder; it
# fails when there are findings.
#   ALL      the target belongs to the default build
#   PATHS    files and folders to scan, not the whole project
#   OPTIONS  such as --baseline or --output FILE
#   DEPENDS  targets to build first, for sources and headers that the build generates
function(strayref_scan)
    cmake_parse_arguments(PARSE_ARGV 0 scan "ALL" "NAME" "PATHS;OPTIONS;DEPENDS")
    if(NOT scan_NAME)
        message(FATAL_ERROR "strayref_scan: NAME is missing")
    endif()
    if(scan_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "strayref_scan: unknown arguments: ${scan_UNPARSED_ARGUMENTS}")
    endif()
    set(all "")
    if(scan_ALL)
        set(all ALL)
    endif()
    add_custom_target(${scan_NAME} ${all}
        COMMAND strayref::strayref scan -p "${CMAKE_BINARY_DIR}" ${scan_OPTIONS} ${scan_PATHS}
        WORKING_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}"
        COMMENT "Looking for reference-count errors"
        USES_TERMINAL
        VERBATIM)
    if(scan_DEPENDS)
        add_dependencies(${scan_NAME} ${scan_DEPENDS})
    endif()
endfunction()

if(NOT TARGET strayref::strayref)
    add_executable(strayref::strayref IMPORTED GLOBAL)
    set_target_properties(strayref::strayref PROPERTIES IMPORTED_LOCATION "${STRAYREF_EXECUTABLE}")
endif()
if(NOT TARGET strayref)
    strayref_scan(NAME strayref)
endif()
