#include "tests/servers/storage/swift.h"

#include <chrono>
#include <filesystem>
#include <thread>

#include <fmt/format.h>

#include "base/error.h"
#include "base/http/http_client.h"
#include "tests/servers/ports.h"
#include "tests/servers/server_user.h"
#include "tests/servers/unpacked_server.h"

namespace servers {

namespace {

using namespace std::chrono_literals;

constexpr auto kSwiftPatience = 60s;
constexpr int kSwiftAttempts = 3;
constexpr std::uint64_t kSwiftLogLimit = std::uint64_t{1} << 26U;

}  // namespace

Swift::Swift() {
  const ServerUser user = server_user();
  std::filesystem::permissions(directory_.path(), std::filesystem::perms(0711));
  // The sources may lie where the server's user can't read them.
  std::filesystem::copy_file(base::Path(MAILSTOW_SERVERS_DIRECTORY) / "storage/swift_server.py",
                             directory_.path() / "swift_server.py");
  std::filesystem::create_directory(directory_.path() / "node");
  give_to(user, directory_.path());
  for (int attempt = 1;; ++attempt) {
    try {
      start();
      return;
    } catch (const base::Error&) {
      // Another process may have taken a port.
      if (attempt == kSwiftAttempts || log().find("ddress already in use") == std::string::npos) {
        throw;
      }
    }
  }
}

Swift& Swift::shared() {
  static Swift swift;
  return swift;
}

void Swift::start() {
  std::vector<std::string> arguments{"/usr/bin/python3", directory_.path() / "swift_server.py",
                                     directory_.path() / "node"};
  for (Port& port : ports_) {
    port = free_port(kHost);
    arguments.push_back(std::to_string(port.number()));
  }
  const base::Path packages = unpacked_server("swift") / "usr/lib/python3/dist-packages";
  process_.emplace(arguments,
                   std::vector<std::string>{"PATH=/usr/bin:/bin", "PYTHONPATH=" + packages.string(),
                                            "PYTHONDONTWRITEBYTECODE=1",
                                            "LD_LIBRARY_PATH=" + libraries_of("swift")},
                   server_user().account, directory_.path() / "output");
  storage_.emplace(fmt::format("http://{}:{}", kHost, ports_.front().number()), "test:tester",
                   "testing", directory_.path());
  const auto deadline = std::chrono::steady_clock::now() + kSwiftPatience;
  while (!is_healthy()) {
    if (!process_->is_running() || std::chrono::steady_clock::now() > deadline) {
      process_->end(1s);
      base::fail(base::ErrorCode::kInternal, "start Swift: no answer: {}", log());
    }
    std::this_thread::sleep_for(20ms);
  }
}

bool Swift::is_healthy() const {
  base::HttpSettings settings;
  settings.timeout = 5s;
  base::HttpClient client(settings);
  try {
    return client.perform({.url = storage_->url() + "/healthcheck", .max_body = 100}).status == 200;
  } catch (const base::Error&) {
    return false;
  }
}

std::string Swift::log() const {
  const auto bytes =
      base::read_file(base::real_file_system(), directory_.path() / "output", kSwiftLogLimit);
  return bytes ? base::to_text(*bytes) : "";
}

}  // namespace servers
