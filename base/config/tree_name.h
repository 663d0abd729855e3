// The names of restored trees, by the template `restore.tree` of the configuration.
#pragma once

#include <string>

namespace base {

// The template with '/' between levels, INBOX in capitals and {localpart} filled in; {timestamp}
// stays. `user` is the account's name on its server, `delimiter` the server's, 0 if it has no
// hierarchy.
std::string tree_template_for(const std::string& tree_template, const std::string& user,
                              char delimiter);

// The shown name of the tree that the folder `shown` is in, judged by its name alone; empty: it is
// in no tree. The other arguments are those of tree_template_for().
std::string tree_of_folder(const std::string& tree_template, const std::string& user,
                           char delimiter, const std::string& shown);

}  // namespace base
