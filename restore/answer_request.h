// A request of the restore desk (restore/desk/) to one of its children: a JSON object on stdin. No
// text of a user or of mail is ever an argument of a program.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/program/page.h"
#include "base/secret.h"
#include "restore/selection.h"

namespace restore {

inline constexpr std::size_t kMaxAnswerRequest = std::size_t{20} << 20U;  // bytes

// Every accessor fails with kUsage if the field is missing or of another type.
class AnswerRequest {
 public:
  // The members "command" and, unless it is about all accounts, "account", "reach" ({"since",
  // "sequence", "holder"}) and those that the command needs. Fails with kUsage.
  static AnswerRequest parse(std::string_view text);
  AnswerRequest(AnswerRequest&&) noexcept;
  AnswerRequest& operator=(AnswerRequest&&) noexcept;
  ~AnswerRequest();

  const std::string& command() const { return command_; }
  const std::string& account() const { return account_; }  // empty: all

  std::string text(const char* field) const;           // must be there
  std::string text_or_empty(const char* field) const;  // "" if it is not there
  std::uint64_t number(const char* field) const;
  std::uint64_t number_or(const char* field, std::uint64_t otherwise) const;
  bool has(const char* field) const;
  base::Page page() const;  // "limit" and "after"
  // "scope": the globs over names of accounts that one of the staff may see; nullopt: all.
  std::optional<std::vector<std::string>> scope() const;
  SelectionOptions selection() const;  // as in a selection file
  const base::Secret& password() const { return password_; }

  struct Bound {
    std::chrono::sys_seconds since{};
    std::uint64_t sequence = 0;  // of the oldest snapshot
    // No line of the audit log before: an earlier holder of the mailbox may have written it.
    std::chrono::sys_seconds holder{};
  };
  const std::optional<Bound>& reach() const { return reach_; }

  // The request for the audit log: without the password, and long texts left out.
  nlohmann::ordered_json audited() const;

 private:
  AnswerRequest();

  std::unique_ptr<nlohmann::ordered_json> document_;
  std::string command_;
  std::string account_;
  base::Secret password_;
  std::optional<Bound> reach_;
};

// From stdin, to its end. The text, which may hold a password, is wiped.
AnswerRequest read_answer_request();

}  // namespace restore
