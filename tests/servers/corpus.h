// Real mail for tests, which is never part of the project: MAILSTOW_TEST_CORPUS names folders of
// messages, a file each, with ':' between.
#pragma once

#include <string>
#include <vector>

namespace servers {

// Their bytes as they are, in the order of their paths; nothing if the variable is not set.
std::vector<std::string> corpus_messages();

// With CRLF at the end of every line, as APPEND wants it.
std::string with_crlf(const std::string& message);

}  // namespace servers
