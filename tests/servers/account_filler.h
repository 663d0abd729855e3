// Fills an account with realistic folders and mail.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace servers {

class Server;

// The raw folder names, in the form that the server's users see: nested, with spaces, an ampersand,
// and in German, Japanese and Greek.
std::vector<std::string> sample_folders(const Server& server);

// Appends `messages` generated messages to INBOX and sample_folders(), and subscribes to all of
// them; returns the number of messages per folder. The same seed gives the same mail.
std::map<std::string, std::size_t> fill_account(const Server& server, std::string_view user,
                                                std::size_t messages, std::uint64_t seed = 1);

}  // namespace servers
