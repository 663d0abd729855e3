#include "restore/user_letter.h"

#include <algorithm>
#include <array>
#include <optional>
#include <tuple>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/json_text.h"
#include "base/log.h"
#include "base/terminal.h"

namespace restore {

namespace {

using std::chrono::sys_seconds;

constexpr std::string_view kLetterSuffix = ".letter";
constexpr std::uint64_t kMaxLetter = std::uint64_t{1} << 20;  // bytes

// By kind.
constexpr std::array<const char*, 5> kLetterWords = {"restored", "reminder", "rescued", "login",
                                                     "grant"};

sys_seconds letter_time(const nlohmann::ordered_json& number) {
  return sys_seconds(std::chrono::seconds(number.get<std::int64_t>()));
}

base::Bytes encode_letter(const UserLetter& letter) {
  const nlohmann::ordered_json document = {
      {"kind", kLetterWords.at(static_cast<std::size_t>(letter.kind))},
      {"account", letter.account},
      {"server", letter.server},
      {"user", letter.user},
      {"values", letter.values},
      {"expires", letter.expires.time_since_epoch().count()},
      {"written", letter.written.time_since_epoch().count()},
      {"tried", letter.tried.time_since_epoch().count()},
      {"reported", letter.reported.time_since_epoch().count()},
      {"attempts", letter.attempts}};
  return base::to_bytes(base::json_line(document) + "\n");
}

// Returns nullopt if neither encode_letter() nor that of an earlier version wrote the text.
std::optional<UserLetter> decode_letter(std::string name, std::string_view text) {
  UserLetter letter;
  letter.name = std::move(name);
  try {
    const auto document = base::parse_json(text);
    const auto* const kind =
        std::ranges::find(kLetterWords, document.at("kind").get<std::string>());
    if (kind == kLetterWords.end()) return std::nullopt;
    letter.kind = static_cast<LetterKind>(kind - kLetterWords.begin());
    document.at("account").get_to(letter.account);
    document.at("server").get_to(letter.server);
    document.at("user").get_to(letter.user);
    document.at("values").get_to(letter.values);
    letter.expires = letter_time(document.at("expires"));
    letter.written = letter_time(document.at("written"));
    letter.reported = letter_time(document.at("reported"));
    const bool is_earlier_form = !document.contains("attempts");
    letter.tried = letter_time(document.at(is_earlier_form ? "reported" : "tried"));
    document.at(is_earlier_form ? "begun" : "attempts").get_to(letter.attempts);
  } catch (const nlohmann::ordered_json::exception&) {
    return std::nullopt;
  }
  return letter;
}

bool is_of_absent_tree(const std::string& name, const std::vector<store::TreeRecord>& trees) {
  const std::string id = name.substr(0, name.find('.'));
  return std::ranges::find(trees, id, &store::TreeRecord::id) == trees.end();
}

}  // namespace

const base::Path& template_for(LetterKind kind, const base::UserMailConfig& config) {
  switch (kind) {
    case LetterKind::kRestored:
      return config.restored;
    case LetterKind::kReminder:
      return config.reminder;
    case LetterKind::kRescued:
      return config.rescued;
    case LetterKind::kLogin:
      return config.login;
    case LetterKind::kGrant:
      break;
  }
  return config.grant;
}

UserLetters::UserLetters(base::FileSystem& files, const base::StoreConfig& store)
    : files_(files), directory_(store.index / "user-mail"), lock_(store.index / "user-mail.lock") {}

base::Path UserLetters::file_of(const std::string& name) const {
  return directory_ / (name + std::string(kLetterSuffix));
}

bool UserLetters::put(const UserLetter& letter) const {
  if (files_.modified(directory_ / letter.name)) return false;
  base::make_directories(files_, directory_);
  return base::write_file(files_, file_of(letter.name), encode_letter(letter),
                          base::OnExisting::kFail);
}

std::vector<UserLetter> UserLetters::list(sys_seconds now) const {
  std::vector<UserLetter> letters;
  for (const std::string& file : files_.list(directory_)) {
    if (!file.ends_with(kLetterSuffix)) continue;
    auto letter = find(file.substr(0, file.size() - kLetterSuffix.size()));
    if (letter) letters.push_back(std::move(*letter));
  }
  // A clock that was ahead dated the attempt; by its time the letter would come last for long.
  const auto tried = [&](const UserLetter& letter) {
    return base::is_in_future(letter.tried, now) ? sys_seconds(std::chrono::seconds(1))
                                                 : letter.tried;
  };
  std::ranges::sort(letters, [&](const UserLetter& one, const UserLetter& other) {
    return std::tuple(tried(one), other.written, one.name) <
           std::tuple(tried(other), one.written, other.name);
  });
  return letters;
}

std::optional<UserLetter> UserLetters::find(const std::string& name) const {
  const base::Path file = file_of(name);
  const auto bytes = base::read_file(files_, file, kMaxLetter);
  if (!bytes) return std::nullopt;
  auto letter = decode_letter(name, base::as_text(*bytes));
  if (!letter) {
    base::log_error("{}: it is damaged: a mail to a user is lost",
                    base::escape_for_terminal(file.native()));
    files_.remove(file);
  }
  return letter;
}

std::unique_ptr<base::FileLock> UserLetters::lock(base::Clock& clock) const {
  constexpr std::chrono::milliseconds kPause{50};
  constexpr int kMaxPauses = 100;
  for (int pause = 0; pause < kMaxPauses; ++pause) {
    auto lock = files_.try_lock(lock_, base::LockMode::kExclusive);
    if (lock != nullptr) return lock;
    clock.sleep_for(kPause);
  }
  return nullptr;
}

void UserLetters::begin(UserLetter& letter, sys_seconds now) const {
  // First the mark: an attempt that it fails before is not counted.
  if (letter.is_about_tree()) {
    base::write_file(files_, directory_ / letter.name, {}, base::OnExisting::kFail);
  }
  letter.tried = now;
  ++letter.attempts;
  replace(letter);
}

void UserLetters::replace(const UserLetter& letter) const {
  base::write_file(files_, file_of(letter.name), encode_letter(letter), base::OnExisting::kReplace);
}

void UserLetters::remove(const UserLetter& letter) const {
  files_.remove(file_of(letter.name));
  files_.sync_directory(directory_);
}

void UserLetters::withdraw(const UserLetter& letter) const {
  // First the mark: a mark without a letter means that the mail was sent.
  files_.remove(directory_ / letter.name);
  files_.sync_directory(directory_);
  remove(letter);
}

void UserLetters::forget_others(const std::vector<store::TreeRecord>& trees,
                                sys_seconds now) const {
  // A run may have put a letter about a tree that it created since `trees` were listed.
  constexpr std::chrono::hours kMinAge{1};
  for (const UserLetter& letter : list(now)) {
    const bool is_new = !base::is_in_future(letter.written, now) && now - letter.written < kMinAge;
    if (!needs_tree(letter.kind) || is_new) continue;
    if (is_of_absent_tree(letter.name, trees)) remove(letter);
  }
  for (const std::string& file : files_.list(directory_)) {
    if (file.ends_with(kLetterSuffix)) continue;
    const bool is_of_a_process =
        base::AtomicFile::is_temporary(file) && !base::AtomicFile::is_leftover(file);
    if (is_of_a_process || !is_of_absent_tree(file, trees)) continue;
    files_.remove(directory_ / file);
  }
}

}  // namespace restore
