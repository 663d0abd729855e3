// A request to the API on its way: what of it was checked, and the request to the desk that it
// becomes.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "web/allowance.h"
#include "web/desk_client.h"
#include "web/http.h"
#include "web/known_sessions.h"
#include "web/prepared_exports.h"
#include "web/renderer.h"
#include "web/routes.h"
#include "web/settings.h"
#include "web/shelf.h"
#include "web/target.h"

namespace web {

// The parts that all requests share.
struct Services {
  static constexpr std::uint64_t kMaxMemory = std::uint64_t{256} << 20U;
  static constexpr std::uint64_t kMaxMemoryOfOne = std::uint64_t{160} << 20U;

  const Settings& settings;
  const DeskClient& desk;
  const Renderer& renderer;
  // Bytes of the messages that are taken apart, and of the answers that are sent.
  Allowance memory{kMaxMemory, kMaxMemoryOfOne};
  KnownSessions known = {};
  PreparedExports exports = {};
  Shelf shelf = {};
};

struct Visit {
  Services& services;
  const HttpRequest& request;
  const Route& route;
  std::string client;  // the address of the person's machine
  std::string person;  // whom the proxy names; empty: users log in with passwords
  std::string token;   // of the session; empty for a route without one
  SessionHolder holder = {};
  // The values of the route's members, by name: those of path, query and header.
  std::map<std::string, std::string, std::less<>> values = {};

  std::string_view value(std::string_view name) const;  // empty: it was not given
  // The one who shares memory and renderings with others: an owner's account, or a person of staff.
  const std::string& sharer() const {
    return holder.account.empty() ? holder.person : holder.account;
  }
};

// Memory for a message or an answer, until the pointer is gone. Fails with a Problem if too much is
// taken, by the same sharer or by all together.
std::shared_ptr<void> take_memory(const Visit& visit, std::uint64_t bytes);

// {"request", "client", "session", ...}: what the desk is asked, with the members of the route that
// are the desk's. Fills `visit.values`. Fails with a Problem for a member that is unknown, missing,
// given twice or not of its kind, and for an account that is not the owner's.
nlohmann::ordered_json desk_request(Visit& visit, const Target& target, const PathValues& path);

// The body as an object with members of the route. Fails with a Problem.
nlohmann::ordered_json body_of(const Visit& visit);

}  // namespace web
