// The page: answers each request, with the header fields that protect it, and never throws.
#pragma once

#include <cstdint>
#include <optional>

#include "web/allowance.h"
#include "web/http.h"
#include "web/visit.h"

namespace web {

class Site {
 public:
  static constexpr unsigned kMaxOfClient = 48;  // requests at a time
  // Bytes of a body without a session: enough for a login.
  static constexpr std::uint64_t kMaxOfStranger = std::uint64_t{16} << 10U;

  // The references must outlive it.
  Site(const Settings& settings, const DeskClient& desk, const Renderer& renderer)
      : services_{settings, desk, renderer} {}

  // How many bytes of a body the request may have, of which the head is known: gives it its place
  // among those of its client. Refuses with a Problem. Thread-safe.
  std::uint64_t admit(HttpRequest& request, std::optional<std::uint64_t> announced);

  // Thread-safe. A password in the request is wiped.
  HttpAnswer answer(HttpRequest& request);

  // Drops what was kept for a time that is over. Thread-safe.
  void forget_old();

 private:
  void take_place(HttpRequest& request);
  HttpAnswer answer_checked(HttpRequest& request);

  Services services_;
  ClientLimit clients_{kMaxOfClient};
};

}  // namespace web
