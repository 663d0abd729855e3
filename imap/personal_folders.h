// Which folders belong to an account: those of the personal namespaces (RFC 2342), and INBOX.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "imap/folder.h"

namespace imap {

// What to ask LIST for, so that all of them come.
std::vector<std::string> personal_patterns(const Namespaces& namespaces);

// False for a folder of another user's or a shared namespace that lies below a personal prefix, and
// for the root of such a namespace: the longest prefix decides, on a tie the personal one.
bool is_personal(std::string_view raw_name, const Namespaces& namespaces);

}  // namespace imap
