# Writes OUTPUT, a C file that holds the files named in LIST (one a line): all
# *.facts as the array embedded_facts, NAME.txt as the string embedded_NAME, every
# page *.md as the string page_<name>, NAME.css and NAME.js as embedded_NAME_css and _js.
# Run as: cmake -DLIST=... -DOUTPUT=... -P embed.cmake

# Sets 'out' to the file's bytes as C string literals, 20 bytes on a line.  Every byte is
# an escape of its own, so that none can run into the next.
function(literal file out)
    file(READ ${file} hex HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" text "${hex}")
    string(REPEAT "\\\\x.." 20 line)
    string(REGEX REPLACE "(${line})" "\\1\"\n    \"" text "${text}")
    set(${out} "    \"${text}\"" PARENT_SCOPE)
endfunction()

file(STRINGS ${LIST} files)
list(SORT files)

set(entries "")
set(code "/* Made by embed.cmake from rules/. */\n#include \"base/embedded.h\"\n\n")
foreach(file ${files})
    get_filename_component(name ${file} NAME)
    get_filename_component(stem ${file} NAME_WE)
    literal(${file} bytes)
    if(name MATCHES "\\.facts$")
        string(MAKE_C_IDENTIFIER "facts_${stem}" symbol)
        string(APPEND code "static const char ${symbol}[] =\n${bytes};\n\n")
        string(APPEND entries "    {\"${name}\", ${symbol}, sizeof(${symbol}) - 1},\n")
    elseif(name MATCHES "\\.txt$")
        string(APPEND code "const char embedded_${stem}[] =\n${bytes};\n\n")
    elseif(name MATCHES "\\.(css|js)$")
        string(MAKE_C_IDENTIFIER "embedded_${name}" symbol)
        string(APPEND code "const char ${symbol}[] =\n${bytes};\n\n")
    else()
        string(MAKE_C_IDENTIFIER "page_${stem}" symbol)
        string(APPEND code "extern const char ${symbol}[];\nconst char ${symbol}[] =\n${bytes};\n\n")
    endif()
endforeach()
string(APPEND code "const EmbeddedFile embedded_facts[] = {\n${entries}    {NULL, NULL, 0},\n};\n")
file(WRITE ${OUTPUT} "${code}")
