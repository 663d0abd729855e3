#include "tests/servers/storage/ceph.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
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

constexpr auto kCephPatience = 60s;
constexpr auto kCephKey = "stowkey";
constexpr auto kCephSecret = "stowsecret";

// Without authentication between the daemons. The gateway would insist on encryption towards the
// monitor, which needs that: "crc". Without tcp_nodelay, every small answer takes 40 ms.
constexpr auto kCephConfiguration = R"([global]
fsid = {id}
mon host = [v2:127.0.0.1:{monitor},v1:127.0.0.1:{old_monitor}]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
run dir = {directory}
admin socket = {directory}/$name.asok
log file = {directory}/$name.log
pid file =
crash dir = {directory}
plugin dir = {libraries}/ceph
erasure code dir = {libraries}/ceph/erasure-code
osd class dir = {libraries}/rados-classes
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pgp num = 8
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
auth allow insecure global id reclaim = false
[mon]
mon data = {directory}/mon
mon data avail crit = 1
[osd]
osd data = {directory}/osd
osd objectstore = memstore
osd crush update on start = false
memstore device bytes = 1073741824
[client.rgw.a]
rgw frontends = beast endpoint=127.0.0.1:{gateway} tcp_nodelay=1
rgw data = {directory}/rgw
rgw enable usage log = false
rgw thread pool size = 64
rgw dns name = localhost
ms mon client mode = crc secure
)";

base::Path program_of_ceph(const std::string& name) {
  return unpacked_server("ceph") / "usr" / "bin" / name;
}

base::Path libraries_in(const base::Path& directory) {
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().filename().string().ends_with("-linux-gnu")) return entry.path();
  }
  base::fail(base::ErrorCode::kInternal, "start Ceph: its libraries were not found");
}

std::vector<std::string> ceph_environment() {
  const base::Path place = unpacked_server("ceph");
  const base::Path libraries = libraries_in(place / "usr" / "lib");
  return {"PATH=" + program_of_ceph("").string() + ":/usr/bin:/bin",
          "PYTHONPATH=" + (place / "usr/lib/python3/dist-packages").string(),
          "PYTHONDONTWRITEBYTECODE=1",
          fmt::format("LD_LIBRARY_PATH={}:{}:{}", libraries.string(), (libraries / "ceph").string(),
                      libraries_in(place / "lib").string())};
}

std::string random_uuid() {
  std::ifstream file("/proc/sys/kernel/random/uuid");
  std::string uuid;
  std::getline(file, uuid);
  return uuid;
}

}  // namespace

Ceph::Ceph()
    : cluster_id_(random_uuid()),
      monitor_port_(free_port(kHost)),
      old_monitor_port_(free_port(kHost)),
      gateway_port_(free_port(kHost)) {
  std::filesystem::permissions(directory_.path(), std::filesystem::perms(0711));
  configure();
  start_monitor();
  start_storage();
  start_gateway();
}

base::Path Ceph::gateway_log() const {
  return directory_.path() / "client.rgw.a.log";
}

Ceph& Ceph::shared() {
  static Ceph ceph;
  return ceph;
}

void Ceph::configure() {
  for (const char* name : {"mon", "osd", "rgw"}) {
    std::filesystem::create_directory(directory_.path() / name);
  }
  std::ofstream(directory_.path() / "ceph.conf") << fmt::format(
      kCephConfiguration, fmt::arg("id", cluster_id_), fmt::arg("monitor", monitor_port_.number()),
      fmt::arg("old_monitor", old_monitor_port_.number()),
      fmt::arg("gateway", gateway_port_.number()),
      fmt::arg("directory", directory_.path().string()),
      fmt::arg("libraries", libraries_in(unpacked_server("ceph") / "usr" / "lib").string()));
}

void Ceph::start_monitor() {
  const std::string map = directory_.path() / "monmap";
  run({program_of_ceph("monmaptool"), "--create", "--clobber", "--fsid", cluster_id_, "--addv", "a",
       fmt::format("[v2:127.0.0.1:{},v1:127.0.0.1:{}]", monitor_port_.number(),
                   old_monitor_port_.number()),
       map});
  run({program_of_ceph("ceph-mon"), "--mkfs", "-i", "a", "--monmap", map});
  start_daemon("ceph-mon", {"-i", "a"});
}

void Ceph::start_storage() {
  const std::string id = random_uuid();
  const std::vector<std::string> ceph{"/usr/bin/python3", program_of_ceph("ceph")};
  const auto administer = [&](std::vector<std::string> command) {
    std::vector<std::string> arguments = ceph;
    arguments.insert(arguments.end(), {"--connect-timeout", "30"});
    arguments.insert(arguments.end(), std::make_move_iterator(command.begin()),
                     std::make_move_iterator(command.end()));
    return run(std::move(arguments));
  };
  administer({"osd", "new", id});
  run({program_of_ceph("ceph-osd"), "-i", "0", "--mkfs", "--osd-uuid", id});
  administer({"osd", "crush", "add", "osd.0", "1.0", "host=localhost", "root=default"});
  start_daemon("ceph-osd", {"-i", "0"});
}

void Ceph::start_gateway() {
  start_daemon("radosgw", {"-n", "client.rgw.a"});
  storage_.emplace(fmt::format("http://{}:{}", kHost, gateway_port_.number()), kCephKey,
                   kCephSecret, directory_.path());
  wait_until_answered();
  run({program_of_ceph("radosgw-admin"), "user", "create", "--uid=stow", "--display-name=stow",
       std::string("--access-key=") + kCephKey, std::string("--secret=") + kCephSecret});
}

std::string Ceph::run(std::vector<std::string> arguments) const {
  std::vector<std::string> command{"env", "-i"};
  for (std::string& variable : ceph_environment()) command.push_back(std::move(variable));
  command.insert(command.end(), std::make_move_iterator(arguments.begin()),
                 std::make_move_iterator(arguments.end()));
  command.insert(command.end(), {"-c", directory_.path() / "ceph.conf"});
  return output_of(command);
}

void Ceph::start_daemon(const std::string& program, const std::vector<std::string>& options) {
  std::vector<std::string> arguments{program_of_ceph(program), "-f", "-c",
                                     directory_.path() / "ceph.conf"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  const ServerUser user = server_user();
  give_to(user, directory_.path());  // also what run() made
  daemons_.emplace_back(arguments, ceph_environment(), user.account, directory_.path() / "output");
}

void Ceph::wait_until_answered() {
  base::HttpSettings settings;
  settings.timeout = 5s;
  base::HttpClient client(settings);
  const auto deadline = std::chrono::steady_clock::now() + kCephPatience;
  while (true) {
    try {
      if (client.perform({.url = storage_->url() + '/', .max_body = 10'000}).status == 200) return;
    } catch (const base::Error&) {
      std::this_thread::sleep_for(50ms);
    }
    if (std::chrono::steady_clock::now() > deadline) {
      base::fail(base::ErrorCode::kInternal, "start Ceph: no answer: {}", log());
    }
  }
}

std::string Ceph::log() const {
  constexpr std::uint64_t kLimit = std::uint64_t{1} << 26U;
  const auto bytes =
      base::read_file(base::real_file_system(), directory_.path() / "output", kLimit);
  return bytes ? base::to_text(*bytes) : "";
}

}  // namespace servers
