// A request to the API on its way: what of it was checked, and the request to the desk that it
// becomes.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

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
  const Settings& settings;
  const DeskClient& desk;
  const Renderer& renderer;
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
};

// {"request", "client", "session", ...}: what the desk is asked, with the members of the route that
// are the desk's. Fills `visit.values`. Fails with a Problem for a member that is unknown, missing,
// given twice or not of its kind, and for an account that is not the owner's.
nlohmann::ordered_json desk_request(Visit& visit, const Target& target, const PathValues& path);

// The body as an object with members of the route. Fails with a Problem.
nlohmann::ordered_json body_of(const Visit& visit);

}  // namespace web
