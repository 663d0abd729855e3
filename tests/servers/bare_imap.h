// A filter that makes a server look as if it knew only RFC 3501. Bytes of both directions of a
// connection pass through it, in pieces of any size.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace servers {

class BareImap {
 public:
  // Returns the bytes to pass on to the client.
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
