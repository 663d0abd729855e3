# Writes OUTPUT: the files FILES of PAGES, separated by "|", as string literals, with their types and
# entity tags.
string(REPLACE "|" ";" FILES "${FILES}")
set(type_html "text/html; charset=utf-8")
set(type_js "text/javascript; charset=utf-8")
set(type_css "text/css; charset=utf-8")
set(type_json "application/json")
set(type_svg "image/svg+xml")
set(type_png "image/png")
set(type_webmanifest "application/manifest+json")
set(type_txt "text/plain; charset=utf-8")

set(table "")
set(count 0)
foreach(file IN LISTS FILES)
  string(REGEX MATCH "[^.]+$" extension "${file}")
  if(NOT DEFINED type_${extension})
    message(FATAL_ERROR "web/pages/${file}: files of this type are not embedded: see embed_pages.cmake")
  endif()
  file(READ ${PAGES}/${file} bytes HEX)
  file(SHA256 ${PAGES}/${file} digest)
  string(SUBSTRING ${digest} 0 20 tag)
  string(LENGTH "${bytes}" digits)
  math(EXPR size "${digits} / 2")
  string(REGEX REPLACE "(................................................................)" "\\1\"\n    \""
         bytes "${bytes}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" bytes "${bytes}")
  string(APPEND table "    {\"/${file}\", \"${type_${extension}}\", \"\\\"${tag}\\\"\",\n"
         "     std::string_view(\"${bytes}\", ${size})},\n")
  math(EXPR count "${count} + 1")
endforeach()
file(WRITE ${OUTPUT} "#include <array>\n\n#include \"web/static_files.h\"\n\nnamespace web {\n\n"
     "std::span<const StaticFile> static_files() {\n"
     "  static const std::array<StaticFile, ${count}> files = {{\n${table}  }};\n"
     "  return files;\n}\n\n}  // namespace web\n")
