// The API of the page: one table, by which requests are routed and checked, and of which the
// OpenAPI document is made.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace web {

inline constexpr std::string_view kApiRoot = "api";
inline constexpr std::string_view kApiVersion = "v1";

// The way in which a request is answered.
enum class Action {
  kDescribeApi,
  kDescribeInstance,
  kLogIn,
  kShowSession,
  kLogOut,
  kAsk,            // the desk is asked, and its answer passed on
  kRaw,            // a message as a file
  kParts,          // what a message consists of
  kPart,           // one part as a file
  kView,           // a message as a document for a frame
  kEvents,         // a job as a stream of events
  kPrepareExport,  // keeps a selection for kExport
  kExport,         // mail as one file
  kShowExport,     // how far that is
};

enum class Place { kPath, kQuery, kBody, kHeader };

enum class ValueKind {
  kText,
  kCount,      // a whole number
  kSelection,  // an object
};

// A member of a request. `field`: its name in the request to the desk; empty: the web server's own.
struct Member {
  std::string_view name;
  Place place = Place::kQuery;
  std::string_view field;
  ValueKind kind = ValueKind::kText;
  bool is_required = false;
};

inline constexpr std::size_t kMaxMembers = 6;

struct Route {
  std::string_view method;
  std::string_view path;  // below /api/v1, with {members}
  Action action;
  std::string_view request;  // to the desk; empty: it is asked nothing
  std::array<Member, kMaxMembers> members;
  std::string_view answer;  // the member of the desk's answer that is passed on; empty: all of it
  unsigned status;          // of success
  std::string_view roles;
  std::string_view summary;

  bool is_change() const { return method != "GET"; }
  bool needs_session() const;
};

std::span<const Route> routes();

// The values of a path's members, in the order of the path.
using PathValues = std::vector<std::pair<std::string_view, std::string>>;

struct RouteMatch {
  const Route* route = nullptr;  // nullptr: the path is known, but not with this method
  PathValues values = {};
  std::string allowed = {};  // the methods of the path: "GET, POST"
};

// `path`: the segments below /api/v1. Nullopt: there is no such path.
std::optional<RouteMatch> find_route(std::string_view method, std::span<const std::string> path);

}  // namespace web
