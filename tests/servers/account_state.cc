#include "tests/servers/account_state.h"

#include <algorithm>
#include <mutex>
#include <ostream>
#include <tuple>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "tests/servers/answering_process.h"

namespace servers {

namespace {

constexpr auto kPython = "/usr/bin/python3";
constexpr auto kClient = MAILSTOW_SERVERS_DIRECTORY "/account_state.py";
constexpr std::size_t kShownDifferences = 10;

// The client prints each raw byte as one character, which JSON encodes as UTF-8.
std::string raw_bytes(const std::string& utf8) {
  std::string bytes;
  for (std::size_t at = 0; at < utf8.size(); ++at) {
    const auto byte = static_cast<unsigned char>(utf8[at]);
    if (byte < 0x80 || at + 1 == utf8.size()) {
      bytes += utf8[at];
    } else {
      const auto next = static_cast<unsigned char>(utf8[++at]);
      bytes += static_cast<char>((byte & 3U) << 6U | (next & 63U));
    }
  }
  return bytes;
}

// One client for all questions of a test: its start takes longer than most answers.
nlohmann::json ask_client(const nlohmann::json& question) {
  static std::mutex mutex;
  static AnsweringProcess client({kPython, "-I", "-S", kClient, "--serve"});
  const std::lock_guard lock(mutex);
  nlohmann::json answer = nlohmann::json::parse(client.ask(question.dump()));
  if (answer.contains("error")) {
    base::fail(base::ErrorCode::kInternal, "{}", answer["error"].get<std::string>());
  }
  return answer;
}

MessageState parse_message(const nlohmann::json& json) {
  return {json.at("uid"), json.at("flags"), json.at("internal_date"), json.at("size"),
          json.at("sha256")};
}

template <typename Number>
Number number_or_zero(const nlohmann::json& value) {
  return value.is_null() ? Number{} : value.get<Number>();
}

FolderState parse_folder(const nlohmann::json& json) {
  FolderState folder;
  folder.raw_name = raw_bytes(json.at("raw_name"));
  folder.name = json.at("name");
  folder.is_selectable = json.at("selectable");
  if (!folder.is_selectable) return folder;
  folder.uid_validity = number_or_zero<std::uint32_t>(json.at("uidvalidity"));
  folder.uid_next = number_or_zero<std::uint32_t>(json.at("uidnext"));
  folder.highest_modseq = number_or_zero<std::uint64_t>(json.at("highestmodseq"));
  folder.digest = json.at("digest");
  for (const nlohmann::json& message : json.at("messages")) {
    folder.messages.push_back(parse_message(message));
  }
  return folder;
}

bool is_at_or_below(std::string_view raw_name, std::string_view name, char separator) {
  return raw_name.starts_with(name) &&
         (raw_name.size() == name.size() || raw_name[name.size()] == separator);
}

std::string describe(const MessageState& message) {
  return fmt::format("uid {} size {} date {} flags [{}] sha256 {:.12}", message.uid, message.size,
                     message.internal_date, fmt::join(message.flags, " "), message.sha256);
}

std::string describe_difference(const FolderState& expected, const FolderState& actual) {
  const auto values = [](const FolderState& folder) {
    return fmt::format("uidvalidity {} uidnext {} highestmodseq {} messages {}",
                       folder.uid_validity, folder.uid_next, folder.highest_modseq,
                       folder.messages.size());
  };
  if (values(expected) != values(actual)) {
    return fmt::format("expected {}, found {}", values(expected), values(actual));
  }
  const auto [one, other] =
      std::mismatch(expected.messages.begin(), expected.messages.end(), actual.messages.begin());
  if (one == expected.messages.end()) return "expected other attributes";
  return fmt::format("expected {}, found {}", describe(*one), describe(*other));
}

}  // namespace

void PrintTo(const MessageState& message, std::ostream* out) {
  *out << fmt::format("UID {} {} bytes {:.8} [{}] at {}", message.uid, message.size, message.sha256,
                      fmt::join(message.flags, " "), message.internal_date);
}

void PrintTo(const FolderState& folder, std::ostream* out) {
  *out << fmt::format("{} messages, UIDVALIDITY {}, UIDNEXT {}, HIGHESTMODSEQ {}",
                      folder.messages.size(), folder.uid_validity, folder.uid_next,
                      folder.highest_modseq);
}

bool MessageState::is_same_mail(const MessageState& other) const {
  return std::tie(flags, internal_date, size, sha256) ==
         std::tie(other.flags, other.internal_date, other.size, other.sha256);
}

std::map<std::string, FolderState> AccountState::below(std::string_view name,
                                                       char separator) const {
  std::map<std::string, FolderState> result;
  for (const auto& [raw_name, folder] : folders) {
    if (is_at_or_below(raw_name, name, separator)) result.emplace(raw_name, folder);
  }
  return result;
}

std::map<std::string, FolderState> AccountState::not_below(std::string_view name,
                                                           char separator) const {
  std::map<std::string, FolderState> result;
  for (const auto& [raw_name, folder] : folders) {
    if (!is_at_or_below(raw_name, name, separator)) result.emplace(raw_name, folder);
  }
  return result;
}

std::size_t AccountState::message_count() const {
  std::size_t count = 0;
  for (const auto& [raw_name, folder] : folders) count += folder.messages.size();
  return count;
}

AccountState account_state(const Server& server, std::string_view user, std::string_view below) {
  const nlohmann::json json = ask_client({{"url", server.plain_url()},
                                          {"user", user},
                                          {"password_file", server.password_file(user).string()},
                                          {"below", below}});
  AccountState state;
  for (const nlohmann::json& item : json.at("folders")) {
    FolderState folder = parse_folder(item);
    const std::string key = folder.raw_name;
    state.folders.emplace(key, std::move(folder));
  }
  for (const nlohmann::json& resource : json.at("quota")) {
    state.usage.emplace(resource.at("name"), resource.at("usage"));
  }
  for (const nlohmann::json& name : json.at("subscriptions")) {
    state.subscriptions.push_back(raw_bytes(name));
  }
  return state;
}

std::string describe_difference(const std::map<std::string, FolderState>& expected,
                                const std::map<std::string, FolderState>& actual) {
  std::vector<std::string> lines;
  for (const auto& [name, folder] : expected) {
    const auto found = actual.find(name);
    if (found == actual.end()) {
      lines.push_back(name + ": missing");
    } else if (!(found->second == folder)) {
      lines.push_back(name + ": " + describe_difference(folder, found->second));
    }
  }
  for (const auto& [name, folder] : actual) {
    if (!expected.contains(name)) lines.push_back(name + ": not expected");
  }
  if (lines.size() > kShownDifferences) lines.resize(kShownDifferences);
  return fmt::format("{}", fmt::join(lines, "\n"));
}

}  // namespace servers
