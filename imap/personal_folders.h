// The folders that belong to an account: those of the personal namespaces (RFC 2342), and INBOX.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "imap/folder.h"

namespace imap {

// The LIST patterns that match all of them.
std::vector<std::string> personal_patterns(const Namespaces& namespaces);

// Adds the namespaces of another NAMESPACE line: a server that contradicts itself must not hide
// mail. Returns whether the lines contradict each other.
bool add_answer(Namespaces answer, Namespaces& namespaces);

enum class Owner {
  kAccount,
  kOthers,   // in another user's or a shared namespace, or if none is named, in a folder that is
             // customarily the root of one, such as "Other Users"
  kUnknown,  // in none of the namespaces that the server names
};

// The longest prefix decides, and on a tie the personal one. The root of a namespace belongs to it.
Owner owner_of_folder(std::string_view raw_name, const Namespaces& namespaces);

inline bool is_personal(std::string_view raw_name, const Namespaces& namespaces) {
  return owner_of_folder(raw_name, namespaces) == Owner::kAccount;
}

// Whether the folder is the account's although only the guessed namespace says so. Its rights may
// show that it is another user's.
bool is_guessed_personal(std::string_view raw_name, const Namespaces& namespaces);

}  // namespace imap
