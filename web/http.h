// A request and its answer as the page sees them, without the library that speaks HTTP.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace web {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method;
  std::string target;  // path and query as they were sent, not decoded
  HeaderList headers;  // in the order in which they were sent
  std::string body;
  std::string peer;                  // the address of the connection; empty on a Unix socket
  std::shared_ptr<void> place = {};  // among the requests of its client, once it has one

  // The value of a header that is there once; nullopt if it is absent. Fails with a Problem if it
  // is there more than once: a client and a proxy may have written it each.
  std::optional<std::string> header(std::string_view name) const;
};

struct HttpAnswer {
  unsigned status = 200;
  HeaderList headers = {};
  std::string body = {};
  // For an answer in pieces: the next one, after `body`; empty at the end. If it throws, the
  // connection is broken off, so that the client sees that the answer is incomplete.
  std::function<std::string()> more = {};
  std::optional<std::uint64_t> size = {};  // of all pieces together, if it is known
  // Given back when the answer has been sent: the place of its request, the memory of its body.
  std::vector<std::shared_ptr<void>> held = {};
};

void set_header(HttpAnswer& answer, std::string_view name, std::string value);

}  // namespace web
