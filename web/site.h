// The page: answers each request, with the header fields that protect it, and never throws.
#pragma once

#include "web/allowance.h"
#include "web/http.h"
#include "web/visit.h"

namespace web {

class Site {
 public:
  static constexpr unsigned kMaxOfClient = 48;  // requests at a time

  // The references must outlive it.
  Site(const Settings& settings, const DeskClient& desk, const Renderer& renderer)
      : services_{settings, desk, renderer} {}

  // Thread-safe. A password in the request is wiped.
  HttpAnswer answer(HttpRequest& request);

 private:
  HttpAnswer answer_checked(const HttpRequest& request);

  Services services_;
  ClientLimit clients_{kMaxOfClient};
};

}  // namespace web
