# Writes OUTPUT, a C file with the digests of the source files named in LIST (one a line):
# build_capture_id of those in analyzer/base, ir and capture, build_id of all.
# Run as: cmake -DLIST=... -DROOT=... -DOUTPUT=... -P build_id.cmake

file(STRINGS ${LIST} files)
list(SORT files)

set(all "")
set(capture "")
foreach(file ${files})
    file(MD5 ${file} digest)
    file(RELATIVE_PATH name ${ROOT} ${file})
    string(APPEND all "${name} ${digest}\n")
    if(name MATCHES "^analyzer/(base|ir|capture)/")
        string(APPEND capture "${name} ${digest}\n")
    endif()
endforeach()
string(MD5 all "${all}")
string(MD5 capture "${capture}")
file(WRITE ${OUTPUT} "/* Made by build_id.cmake. */
#include \"base/embedded.h\"

const char build_capture_id[] = \"${capture}\";
const char build_id[] = \"${all}\";
")
