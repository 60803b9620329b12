# Turns DIR/NNNN_name.sql into OUT, a C table of migrations with their SHA-256, and with them MADE, what they make.
# Bytes are written as character constants, so that no quoting of SQL is ever needed. Run by the top CMakeLists.txt
# with cmake -P.
function(read_bytes file variable)
  file(READ ${file} hex HEX)
  string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}") # 16 bytes a line
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," hex "${hex}")
  set(${variable} "${hex}" PARENT_SCOPE)
endfunction()
file(GLOB files ${DIR}/*.sql)
list(SORT files)
set(texts "")
set(rows "")
set(count 0)
foreach(file IN LISTS files)
  get_filename_component(name ${file} NAME_WLE)
  math(EXPR count "${count} + 1")
  string(REGEX MATCH "^[0-9][0-9][0-9][0-9]" number "${name}")
  if(NOT name MATCHES "^[0-9][0-9][0-9][0-9]_[a-z0-9_]+$")
    message(FATAL_ERROR "${file}: a migration is called NNNN_name.sql")
  endif()
  math(EXPR version "1${number} - 10000") # without the leading zeros
  if(NOT version EQUAL count)
    message(FATAL_ERROR "${file}: migrations are numbered from 0001 without gaps, this should be number ${count}")
  endif()
  file(SHA256 ${file} checksum)
  read_bytes(${file} bytes)
  string(APPEND texts "static const char sql_${number}[] = {\n${bytes}'\\0'};\n")
  string(APPEND rows "    {${version}, \"${name}\", sql_${number}, \"${checksum}\"},\n")
endforeach()
read_bytes(${MADE} made)
file(WRITE ${OUT}.new "/* Made by db/embed.cmake from db/migrations; not to be edited. */
#include \"db/migrate.h\"

${texts}
const struct migration migrations_data[] = {
${rows}    {0, NULL, NULL, NULL}, /* the end */
};
const size_t migrations_data_count = ${count};
const char migrations_made[] = {
${made}'\\0'};
")
file(RENAME ${OUT}.new ${OUT})
