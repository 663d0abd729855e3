#include "tests/bench/access_log.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string_view>
#include <thread>

#include <fmt/core.h>

#include "base/error.h"

namespace bench {

namespace {

using namespace std::chrono_literals;

// A client has its answer a moment before the gateway logs it.
constexpr auto kUntilLogged = 200ms;
constexpr auto kLogPatience = 30s;

struct LoggedRequest {
  std::string verb;
  std::string target;  // with its query
  std::uint64_t bytes = 0;
};

// `... beast: 0x7f...: 127.0.0.1 - USER [TIME] "GET /bucket/key HTTP/1.1" 200 1234 - "AGENT" ...`
std::optional<LoggedRequest> parse_logged(std::string_view line) {
  const std::size_t end_of_time = line.find("] \"");
  if (line.find(" beast: 0x") == std::string_view::npos || end_of_time == std::string_view::npos) {
    return std::nullopt;
  }
  std::istringstream words(std::string(line.substr(end_of_time + 3)));
  LoggedRequest request;
  std::string protocol;
  int status = 0;
  words >> request.verb >> request.target >> protocol >> status >> request.bytes;
  if (!words) base::fail(base::ErrorCode::kInternal, "read the log of Ceph: {}", line);
  return request;
}

// The n-th part of a path, from 0; empty: it has fewer.
std::string part_of(std::string_view path, std::size_t number) {
  for (; number > 0; --number) {
    const std::size_t slash = path.find('/');
    if (slash == std::string_view::npos) return "";
    path.remove_prefix(slash + 1);
  }
  return std::string(path.substr(0, path.find('/')));
}

// The prefix of a listing, decoded as far as slashes.
std::string prefix_in(std::string_view query) {
  constexpr std::string_view kName = "&prefix=";
  const std::string whole = "&" + std::string(query);
  const std::size_t begin = whole.find(kName);
  if (begin == std::string::npos) return "";
  std::string prefix = whole.substr(begin + kName.size());
  prefix.erase(std::min(prefix.find('&'), prefix.size()));
  for (std::size_t at = 0; (at = prefix.find("%2F", at)) != std::string::npos; ++at) {
    prefix.replace(at, 3, "/");
  }
  return prefix;
}

// By the part behind the prefix that the objects of one program share: BUCKET/PREFIX/PART/...
std::string kind_of(const LoggedRequest& request) {
  const std::size_t mark = std::min(request.target.find('?'), request.target.size());
  const std::string query = request.target.substr(std::min(mark + 1, request.target.size()));
  const bool is_listing = query.find("list-type=2") != std::string::npos;
  const std::string part =
      is_listing ? part_of(prefix_in(query), 1) : part_of(request.target.substr(0, mark), 3);
  return (is_listing ? "LIST" : request.verb) + ' ' + (part.empty() ? "the bucket" : part);
}

}  // namespace

AccessLog::AccessLog(const servers::Ceph& ceph) : ceph_(ceph) {
  take();
}

Requests AccessLog::take() {
  std::this_thread::sleep_for(kUntilLogged);
  const std::string marker = fmt::format("/marker-{}", ++markers_);
  request(marker);
  const std::string last = "\"GET " + marker + ' ';
  const auto deadline = std::chrono::steady_clock::now() + kLogPatience;
  std::size_t end = std::string::npos;
  while (end == std::string::npos) {
    read_on();
    const std::size_t found = read_.find(last);
    if (found != std::string::npos) end = read_.find('\n', found);
    if (end != std::string::npos) break;
    if (std::chrono::steady_clock::now() > deadline) {
      base::fail(base::ErrorCode::kInternal, "count requests: {} lacks them",
                 ceph_.gateway_log().string());
    }
    std::this_thread::sleep_for(20ms);
  }
  std::istringstream lines(read_.substr(0, end));
  read_.erase(0, end + 1);
  Requests requests;
  for (std::string line; std::getline(lines, line);) {
    const std::optional<LoggedRequest> logged = parse_logged(line);
    if (!logged || logged->target == marker) continue;
    for (RequestCount* const count : {&requests.all, &requests.by_kind[kind_of(*logged)]}) {
      ++count->requests;
      count->bytes += logged->bytes;
    }
  }
  return requests;
}

// Without credentials: only the line in the log matters.
void AccessLog::request(const std::string& path) {
  client_.perform(
      {.url = ceph_.storage().url() + path, .max_body = base::HttpAnswer::kMaxErrorBody});
}

void AccessLog::read_on() {
  std::ifstream file(ceph_.gateway_log(), std::ios::binary);
  file.seekg(static_cast<std::streamoff>(position_));
  const std::string news{std::istreambuf_iterator<char>(file), {}};
  position_ += news.size();
  read_ += news;
}

}  // namespace bench
