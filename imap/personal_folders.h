// The folders that belong to an account: those of the personal namespaces (RFC 2342), and INBOX.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "imap/folder.h"

namespace imap {

// The LIST patterns that match all of them.
std::vector<std::string> personal_patterns(const Namespaces& namespaces);

// Returns false for a folder of another user's or a shared namespace that lies below a personal
// prefix, and for the root of such a namespace: the longest prefix decides, and on a tie the
// personal one.
bool is_personal(std::string_view raw_name, const Namespaces& namespaces);

}  // namespace imap
