#include "base/reporting/kept_letter.h"

#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/bytes.h"

namespace base {

namespace {

using nlohmann::json;

constexpr std::uint64_t kMaxLetter = 16ULL * 1024 * 1024;

Path file_of(const StoreConfig& store, std::string_view job) {
  return store.index / "jobs" / (std::string(job) + ".letter");
}

}  // namespace

std::optional<KeptLetter> load_kept_letter(FileSystem& files, const StoreConfig& store,
                                           std::string_view job) {
  const auto bytes = read_file(files, file_of(store, job), kMaxLetter);
  if (!bytes) return std::nullopt;
  KeptLetter letter;
  try {
    const json document = json::parse(as_text(*bytes));
    letter.job = job;
    letter.written =
        std::chrono::sys_seconds(std::chrono::seconds(document.at("written").get<std::int64_t>()));
    document.at("headline").get_to(letter.headline);
    document.at("body").get_to(letter.body);
    document.at("to").get_to(letter.to);
    document.at("left").get_to(letter.left);
    document.at("troubles").get_to(letter.troubles);
    document.at("begun").get_to(letter.begun);
  } catch (const json::exception&) {
    return std::nullopt;
  }
  return letter;
}

void keep_letter(FileSystem& files, const StoreConfig& store, const KeptLetter& letter) {
  const json document = {{"written", letter.written.time_since_epoch().count()},
                         {"headline", letter.headline},
                         {"body", letter.body},
                         {"to", letter.to},
                         {"left", letter.left},
                         {"troubles", letter.troubles},
                         {"begun", letter.begun}};
  const std::string text = document.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  const Path file = file_of(store, letter.job);
  make_directories(files, file.parent_path());
  write_file(files, file, as_bytes(text), OnExisting::kReplace);
}

void drop_kept_letter(FileSystem& files, const StoreConfig& store, std::string_view job) {
  files.remove(file_of(store, job));
}

}  // namespace base
