// A hostile server against two nights of backups: the run ends in time, another account beside it
// is complete, and once the index is lost and rebuilt, everything that was reported as stored can
// be read back and the store is sound.
//
// The input tampers with the answers of an ordinary server. Its first byte chooses capabilities;
// then each answer takes a byte, and by that further ones. When the input is used up, the server is
// ordinary again, so short inputs reach far into a backup.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "base/log.h"
#include "store/maintenance/check.h"
#include "store/maintenance/reindex.h"
#include "store/writer.h"
#include "tests/backupd/pass/odd_server.h"
#include "tests/backupd/pass/stored_mail.h"
#include "tests/fuzz/fuzzer.h"
#include "tests/temporary_directory.h"

namespace {

constexpr const char* kHostile = "hostile";
constexpr const char* kOrdinary = "ordinary";
constexpr std::uint32_t kMessages = 3;

void require(bool condition, const std::string& why) {
  if (condition) return;
  static_cast<void>(std::fprintf(stderr, "backupd_once_fuzz: %s\n", why.c_str()));
  std::abort();
}

class Input {
 public:
  explicit Input(std::string_view bytes) : bytes_(bytes) {}

  bool is_over() const { return bytes_.empty(); }

  std::size_t number() {
    if (bytes_.empty()) return 0;
    const auto byte = static_cast<unsigned char>(bytes_.front());
    bytes_.remove_prefix(1);
    return byte;
  }

  // Up to a NUL, or the end.
  std::string text() {
    const std::size_t end = std::min(bytes_.find('\0'), bytes_.size());
    std::string text(bytes_.substr(0, end));
    bytes_.remove_prefix(std::min(end + 1, bytes_.size()));
    return text;
  }

 private:
  std::string_view bytes_;
};

// Where the untagged line of this number begins; the tagged line is the last.
std::size_t line_at(const std::string& answer, std::size_t number) {
  std::size_t at = 0;
  for (; number > 0; --number) {
    const std::size_t end = answer.find("\r\n", at);
    if (end == std::string::npos || end + 2 >= answer.size()) return at;
    at = end + 2;
  }
  return at;
}

backupd::Afterwards tamper(Input& input, std::string& answer) {
  using backupd::Afterwards;
  if (input.is_over()) return Afterwards::kNothing;
  const std::size_t what = input.number();
  switch (what % 8) {
    case 0:
    case 1:
    case 2:
      break;
    case 3:
      answer.insert(line_at(answer, input.number()), input.text() + "\r\n");
      break;
    case 4: {
      const std::size_t at = line_at(answer, input.number());
      answer.replace(at, line_at(answer.substr(at), 1), input.text() + "\r\n");
      break;
    }
    case 5:
      answer.insert(std::min(answer.size(), input.number()), input.text());
      break;
    case 6: {
      const std::size_t at = std::min(answer.size(), input.number());
      answer.erase(at, input.number());
      break;
    }
    default: {
      static constexpr std::array kKinds = {Afterwards::kClose, Afterwards::kFallSilent,
                                            Afterwards::kDrip};
      return kKinds[input.number() % kKinds.size()];
    }
  }
  return Afterwards::kNothing;
}

std::string capabilities(std::size_t bits) {
  static constexpr std::array<std::string_view, 8> kNames = {
      "ESEARCH", "OBJECTID", "METADATA", "ACL", "QUOTA", "CONDSTORE ENABLE", "QRESYNC", "UNSELECT"};
  std::string chosen;
  for (std::size_t at = 0; at < kNames.size(); ++at) {
    if ((bits >> at & 1) == 1) chosen += ' ' + std::string(kNames[at]);
  }
  return chosen;
}

void fill(backupd::OddServer& server, const std::string& folder) {
  for (std::uint32_t uid = 1; uid <= kMessages; ++uid) {
    server.folder(folder).message(uid, "Subject: " + folder + std::to_string(uid) + "\r\n\r\n");
  }
}

void expect_all_there(const store::Location& location, const backupd::AccountReport& report) {
  const backupd::StoredMail mail =
      read_back(location, report.account, report.snapshot ? &report : nullptr);
  require(mail.troubles.empty(), report.account + ": " + mail.troubles);
}

void expect_sound(const store::Location& location) {
  const store::CheckReport report = store::check(
      location, base::real_file_system(), {.depth = store::CheckDepth::kReadData, .threads = 1});
  require(report.is_intact(), report.damage.empty() ? "a damaged message" : report.damage.front());
}

void back_up_and_restore(std::string_view bytes) {
  const tests::TemporaryDirectory directory;
  const store::Location location{directory.path() / "store", directory.path() / "index",
                                 directory.path() / "key"};
  backupd::HastyClock clock;
  store::init(location, base::real_file_system(), clock);
  backupd::OddServer hostile;
  backupd::OddServer ordinary;
  for (const char* folder : {"INBOX", "Mid"}) fill(hostile, folder);
  fill(ordinary, "INBOX");
  Input input(bytes);
  hostile.capabilities = capabilities(input.number());
  hostile.edit = [&](const std::string&, std::string& answer) { return tamper(input, answer); };
  const std::array<backupd::PassAccount, 2> accounts = {
      backupd::PassAccount{
          .name = kHostile, .connect = hostile.connect(), .clock = hostile.clock()},
      backupd::PassAccount{.name = kOrdinary, .connect = ordinary.connect()}};
  std::vector<backupd::AccountReport> reports;
  for (int night = 0; night < 2; ++night) {
    hostile.folder("INBOX").message(kMessages + 1 + static_cast<std::uint32_t>(night), "new\r\n");
    reports = run_passes(location, {}, accounts, clock);
    require(reports[1].status == backupd::PassStatus::kComplete,
            "the other account is not complete: " + reports[1].error);
    clock.set_ahead(clock.ahead() + std::chrono::hours(24));
  }
  expect_sound(location);
  std::filesystem::remove_all(location.index);
  require(store::reindex(location, base::real_file_system()).damage.empty(), "reindex");
  expect_sound(location);
  for (const backupd::AccountReport& report : reports) expect_all_there(location, report);
}

}  // namespace

MAILSTOW_FUZZER(backupd_once_fuzz) {
  base::set_log_level(base::LogLevel::kOff);
  back_up_and_restore({reinterpret_cast<const char*>(data), size});
  return 0;
}
