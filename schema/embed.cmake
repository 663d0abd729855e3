# Writes OUTPUT: the files of schema/ as raw string literals, in pieces, because a compiler need
# not take a literal of more than 65,536 bytes.
function(embed name file)
  file(READ ${SOURCE_DIR}/${file} text)
  string(LENGTH "${text}" length)
  set(pieces "")
  set(at 0)
  while(at LESS length)
    string(SUBSTRING "${text}" ${at} 8000 piece)
    string(APPEND pieces "\n    R\"embedded(${piece})embedded\"")
    math(EXPR at "${at} + 8000")
  endwhile()
  file(APPEND ${OUTPUT} "const std::string_view ${name} =${pieces};\n\n")
endfunction()

file(WRITE ${OUTPUT} "#include \"schema/embedded.h\"\n\nnamespace schema {\n\n")
embed(kConfigSchema mailstow.schema.json)
embed(kIndexSql index.sql)
file(APPEND ${OUTPUT} "}  // namespace schema\n")
