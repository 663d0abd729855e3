#include "tests/bench/bench_store.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

#include <fmt/core.h>
#include <malloc.h>

#include "store/maintenance/prune.h"

namespace bench {

namespace fs = std::filesystem;

store::Location location_in(const base::Path& directory) {
  return {.store = directory / "store",
          .index = directory / "index",
          .key_file = directory / "store.key"};
}

double Stopwatch::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
}

double peak_megabytes() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word && word != "VmHWM:") {
  }
  double kilobytes = 0;
  status >> kilobytes;
  return kilobytes / 1'024;
}

// proc(5)
void forget_peak() {
  ::malloc_trim(0);
  std::ofstream("/proc/self/clear_refs") << "5";
}

void print(std::string_view name, double value, std::string_view unit) {
  fmt::print("{}: {:.{}f} {}\n", name, value, value < 10 ? 3 : 1, unit);
}

void print_sizes(const base::Path& directory) {
  store::Reader reader = store::Reader::open(location_in(directory), base::real_file_system());
  const store::Reader::StoreSize size = reader.size();
  const auto messages = static_cast<double>(std::max<std::uint64_t>(size.messages, 1));
  print("different messages", static_cast<double>(size.messages), "");
  print("their bytes", static_cast<double>(size.message_bytes) / 1e6, "MB");
  print("packs", static_cast<double>(size.pack_bytes) / 1e6, "MB");
  print("index", static_cast<double>(size.index_bytes) / 1e6, "MB");
  print("index per message", static_cast<double>(size.index_bytes) / messages, "bytes");
  print("search index", static_cast<double>(size.search_bytes) / 1e6, "MB");
  print("search index per message", static_cast<double>(size.search_bytes) / messages, "bytes");
}

void prune_now(const base::Path& directory) {
  for (int run = 0; run < 2; ++run) {
    store::prune(location_in(directory), base::real_file_system(), base::system_clock(),
                 {.grace = std::chrono::seconds(0)});
  }
}

std::vector<MailFolder> mail_below(const base::Path& directory) {
  std::map<std::string, std::vector<base::Path>> folders;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    if (!entry.is_regular_file()) continue;
    folders[entry.path().parent_path().lexically_relative(directory).string()].push_back(
        entry.path());
  }
  std::vector<MailFolder> result;
  for (auto& [name, messages] : folders) {
    std::ranges::sort(messages);
    result.push_back({.name = name, .messages = std::move(messages)});
  }
  return result;
}

store::StoredMessage add(store::Writer& writer, std::string_view text, std::string_view account) {
  store::IncomingMessage message = writer.begin_message();
  constexpr std::size_t kPiece = 65'536;  // as the network brings it
  for (std::size_t begin = 0; begin < text.size(); begin += kPiece) {
    message.add(base::as_bytes(text.substr(begin, kPiece)));
  }
  return writer.add(message, account);
}

store::FolderInfo folder_named(std::string name) {
  store::FolderInfo info;
  info.raw_name = std::move(name);
  info.delimiter = '/';
  info.uid_validity = 1;
  return info;
}

store::MessageEntry entry(std::uint32_t uid, const store::StoredMessage& message) {
  return {.uid = {uid},
          .message = message.id,
          .internal_date = base::ZonedTime{.instant = std::chrono::sys_seconds(std::chrono::seconds(
                                               1'600'000'000 + std::int64_t{uid} * 97)),
                                           .zone_minutes = 60},
          .size = message.size,
          .flags = {"\\Seen"},
          .modseq = uid};
}

void commit(store::Writer& writer, const std::string& account,
            std::vector<store::FolderRecord> folders) {
  store::SnapshotDraft snapshot;
  snapshot.account = account;
  snapshot.time = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  snapshot.folders = std::move(folders);
  writer.add_snapshot(snapshot);
}

}  // namespace bench
