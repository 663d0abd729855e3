// What a server of RFC 3501 and nothing else would say and understand: the two directions of a
// connection, put through it in any pieces.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace servers {

class BareImap {
 public:
  // What the client shall get of what the server said.
  std::string from_server(std::string_view bytes);

  struct Passed {
    std::string to_server;
    std::string to_client;              // refusals
    std::vector<std::string> breaches;  // the lines that were refused
  };
  Passed from_client(std::string_view bytes);

 private:
  bool is_allowed(std::string_view line);

  std::string said_;  // by the server, and not a line yet
  std::uint64_t said_literal_ = 0;
  std::string heard_;                // from the client, likewise
  std::uint64_t announced_ = 0;      // a literal that waits for the server's go-ahead
  std::uint64_t heard_literal_ = 0;  // still to come
  std::string literal_tag_;          // of the command with the literal
  bool is_behind_literal_ = false;
};

}  // namespace servers
