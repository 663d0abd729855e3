// For servers that break the connection over the STATUS of one folder: that folder must not keep
// the account from being listed.
#pragma once

#include <functional>
#include <set>
#include <string>

namespace imap {

// Outlives the sessions of an account, so that a new one knows what broke the last one.
struct StatusCaution {
  std::set<std::string, std::less<>> without;  // raw names of folders whose STATUS is not requested
  std::string requested;  // the folder whose STATUS is in progress, or broke the connection
};

}  // namespace imap
