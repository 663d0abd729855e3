# Writes a CTest file with one test for each suite of a GoogleTest program: cmake -D PROGRAM=FILE
# -D NAME=PROGRAM_NAME -D TIMEOUT=SECONDS -D FILTER=GTEST_FILTER -D REPORTS=DIRECTORY -D OUTPUT=FILE
# -P discover_suites.cmake
# Each suite writes its GoogleTest report to REPORTS, from which scripts/test_report counts the tests.
execute_process(COMMAND ${PROGRAM} --gtest_list_tests "--gtest_filter=${FILTER}"
                OUTPUT_VARIABLE list TIMEOUT 60 COMMAND_ERROR_IS_FATAL ANY)
# The values of parameters may contain what divides a list, or joins its elements.
foreach(special ";" "[" "]")
  string(REPLACE "${special}" "" list "${list}")
endforeach()
string(REPLACE "\n" ";" lines "${list}")
set(text "")
set(suites "")
foreach(line IN LISTS lines)
  if(NOT line MATCHES "^([A-Za-z0-9_/]+)\\.( |$)")  # a test of the suite, or the end
    continue()
  endif()
  set(suite ${CMAKE_MATCH_1})
  list(APPEND suites ${suite})
  string(REPLACE "/" "-" file "${NAME}-${suite}.xml")
  string(APPEND text
      "add_test([==[${suite}]==] [==[${PROGRAM}]==] [==[--gtest_filter=${suite}.*]==]\n"
      "    [==[--gtest_output=xml:${REPORTS}/${file}]==])\n"
      "set_tests_properties([==[${suite}]==] PROPERTIES TIMEOUT ${TIMEOUT}\n"
      "    SKIP_REGULAR_EXPRESSION [==[\\[  SKIPPED \\]]==])\n")
endforeach()
if(NOT text)
  message(FATAL_ERROR "${PROGRAM} lists no suite of tests")
endif()
# A suite that was renamed would have a process for each of its tests again.
string(REPLACE ":" ";" patterns "${FILTER}")
foreach(pattern IN LISTS patterns)
  string(REGEX REPLACE "\\.\\*$" "" regex "${pattern}")
  string(REPLACE "*" "[^;]*" regex "${regex}")
  if(NOT ";${suites};" MATCHES ";${regex};")
    message(FATAL_ERROR "${NAME} has no suite of tests that matches ${pattern}: see its SUITES")
  endif()
endforeach()
file(WRITE ${OUTPUT} "${text}")
