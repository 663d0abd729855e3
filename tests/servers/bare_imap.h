// A filter that makes a server look as if it supported only RFC 3501. It processes both directions
// of a connection, in pieces of any size.
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

  std::string from_server_;           // an incomplete line from the server
  std::uint64_t server_literal_ = 0;  // bytes still to arrive
  std::string from_client_;           // an incomplete line from the client
  std::uint64_t announced_ = 0;       // size of a literal that waits for the server's go-ahead
  std::uint64_t client_literal_ = 0;  // bytes still to arrive
  std::string literal_tag_;           // of the command with the literal
  bool is_after_literal_ = false;
};

}  // namespace servers
