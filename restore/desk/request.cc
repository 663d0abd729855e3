#include "restore/desk/request.h"

#include <algorithm>
#include <array>
#include <utility>

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <nlohmann/json.hpp>

#include "base/finally.h"
#include "base/json_text.h"
#include "base/program/strict_json.h"
#include "base/reporting/job_record.h"
#include "base/terminal.h"
#include "base/utf8.h"

namespace desk {

namespace {

using nlohmann::json;

constexpr std::size_t kMaxName = 255;        // bytes
constexpr std::size_t kMaxPassword = 1'024;  // bytes
constexpr std::size_t kMaxText = 8'192;      // bytes
constexpr std::size_t kMaxCount = 1'000;
constexpr std::size_t kMaxDays = 90;

constexpr std::string_view kLowerHex = "0123456789abcdef";
constexpr std::string_view kKeyLetters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
// Those of a consent code, without the ones that look alike.
constexpr std::string_view kCodeLetters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

[[noreturn]] void refuse_field(std::string_view field, std::string_view must) {
  throw NoRequest(fmt::format("/{}: {}", base::escape_for_terminal(field), must));
}

bool consists_of(std::string_view text, std::string_view letters) {
  return text.find_first_not_of(letters) == std::string_view::npos;
}

bool is_hex(std::string_view text, std::size_t digits) {
  return text.size() == digits && consists_of(text, kLowerHex);
}

bool has_control(std::string_view text) {
  while (!text.empty()) {
    const auto character = base::first_code_point(text);
    if (!character || base::is_control(character->value)) return true;
    text.remove_prefix(character->length);
  }
  return false;
}

bool has_nul(std::string_view text) {
  return text.find('\0') != std::string_view::npos;
}

bool is_address(std::string_view text) {
  in6_addr address{};  // large enough for both kinds
  const std::string copy(text);
  if (has_nul(text)) return false;
  return ::inet_pton(AF_INET, copy.c_str(), &address) == 1 ||
         ::inet_pton(AF_INET6, copy.c_str(), &address) == 1;
}

std::string_view description(Form form) {
  switch (form) {
    case Form::kToken:
    case Form::kSnapshot:
    case Form::kMessage:
      return "it must be 64 hexadecimal digits";
    case Form::kId:
      return "it must be 32 hexadecimal digits";
    case Form::kAddress:
      return "it must be an IPv4 or IPv6 address";
    case Form::kName:
      return "it must be a text of 1 to 255 bytes without control characters";
    case Form::kPassword:
      return "it must be a text of 1 to 1024 bytes without NUL, CR and LF";
    case Form::kText:
      return "it must be a text of 1 to 8192 bytes without NUL";
    case Form::kKey:
      return "it must be 16 to 64 letters, digits, - and _";
    case Form::kCode:
      return "it must be a code of 8 letters and digits";
    case Form::kCount:
      return "it must be a number from 1 to 1000";
    case Form::kDays:
      return "it must be a number from 1 to 90";
    case Form::kFlag:
      return "it must be true or false";
    case Form::kJobName:
      return "it must be backup, prune, check, sweep, drill or copy";
    case Form::kSelection:
      return "it must be a selection: an object with whole ids, and times as 2026-11-24T02:30:00Z";
  }
  return "";
}

// A whole snapshot id, or a time with four digits of a year and a hyphen: never something relative,
// and never the beginning of an id.
bool is_moment(std::string_view text) {
  constexpr std::size_t kShortest = 10;  // 2026-11-24
  constexpr std::size_t kLongest = 25;   // 2026-11-24T02:30:00+01:00
  if (is_of_form(Form::kSnapshot, text)) return true;
  return text.size() >= kShortest && text.size() <= kLongest && text[4] == '-' &&
         consists_of(text.substr(0, 4), "0123456789") && consists_of(text, "0123456789TZ:+-");
}

bool is_list_of(const json& value, Form form) {
  return value.is_array() && !value.empty() && std::ranges::all_of(value, [&](const json& element) {
           return element.is_string() && is_of_form(form, element.get_ref<const std::string&>());
         });
}

bool is_selection_field(const std::string& field, const json& value) {
  if (field == "all" || field == "subfolders" || field == "missing") return value.is_boolean();
  if (field == "folders" || field == "globs") return is_list_of(value, Form::kText);
  if (field == "messages") return is_list_of(value, Form::kMessage);
  if (!value.is_string()) return false;
  const auto& text = value.get_ref<const std::string&>();
  if (field == "at") return is_of_form(Form::kSnapshot, text);
  if (field == "since" || field == "before") return is_moment(text);
  return field == "query" && is_of_form(Form::kText, text);
}

bool is_selection(const json& value) {
  if (!value.is_object() || value.empty()) return false;
  return std::ranges::all_of(
      value.items(), [](const auto& item) { return is_selection_field(item.key(), item.value()); });
}

std::string take_text(json& value, std::string_view field, Form form) {
  if (!value.is_string() || !is_of_form(form, value.get_ref<const std::string&>())) {
    refuse_field(field, description(form));
  }
  return std::move(value.get_ref<std::string&>());
}

void take_field(Request& request, json& value, const FieldRule& rule) {
  const std::string field(rule.name);
  if (rule.form == Form::kCount || rule.form == Form::kDays) {
    const std::size_t most = rule.form == Form::kDays ? kMaxDays : kMaxCount;
    const bool is_number = value.is_number_unsigned() && value.get<std::size_t>() >= 1 &&
                           value.get<std::size_t>() <= most;
    if (!is_number) refuse_field(field, description(rule.form));
    request.numbers[field] = value.get<std::size_t>();
  } else if (rule.form == Form::kFlag) {
    if (!value.is_boolean()) refuse_field(field, description(rule.form));
    if (value.get<bool>()) request.numbers[field] = 1;
  } else if (rule.form == Form::kSelection) {
    if (!is_selection(value)) refuse_field(field, description(rule.form));
    request.texts[field] = base::json_line(value);
  } else if (rule.form == Form::kPassword) {
    std::string text = take_text(value, field, rule.form);
    request.password = base::Secret(text, base::LogMask::kOff);
    base::wipe(text);
  } else {
    request.texts[field] = take_text(value, field, rule.form);
  }
}

// What is left of a password in a document that is refused, or that moved a short string.
void wipe_password(json& document) {
  if (!document.is_object()) return;
  const auto found = document.find("password");
  if (found != document.end() && found->is_string()) base::wipe(found->get_ref<std::string&>());
}

}  // namespace

const std::string& Request::text(std::string_view field) const {
  static const std::string empty;
  const auto found = texts.find(field);
  return found == texts.end() ? empty : found->second;
}

std::size_t Request::number_or(std::string_view field, std::size_t otherwise) const {
  const auto found = numbers.find(field);
  return found == numbers.end() ? otherwise : found->second;
}

bool is_of_form(Form form, std::string_view text) {
  switch (form) {
    case Form::kToken:
    case Form::kSnapshot:
    case Form::kMessage:
      return is_hex(text, 64);
    case Form::kId:
      return is_hex(text, 32);
    case Form::kAddress:
      return is_address(text);
    case Form::kName:
      return !text.empty() && text.size() <= kMaxName && !has_control(text);
    case Form::kPassword:
      return !text.empty() && text.size() <= kMaxPassword && !has_nul(text) &&
             text.find_first_of("\r\n") == std::string_view::npos;
    case Form::kText:
      return !text.empty() && text.size() <= kMaxText && !has_nul(text);
    case Form::kKey:
      return text.size() >= 16 && text.size() <= 64 && consists_of(text, kKeyLetters);
    case Form::kCode:
      return text.size() == 8 && consists_of(text, kCodeLetters);
    case Form::kJobName:
      return std::ranges::find(base::kJobNames, text) != base::kJobNames.end();
    case Form::kCount:
    case Form::kDays:
    case Form::kFlag:
      return false;
    case Form::kSelection: {
      json document;
      return base::parse_strictly(text, kMaxRequestDepth, document).empty() &&
             is_selection(document);
    }
  }
  return false;
}

Request parse_request(std::string_view line, Door door) {
  json document;
  const base::Finally wipe([&] { wipe_password(document); });
  const std::string why = base::parse_strictly(line, kMaxRequestDepth, document);
  if (!why.empty()) throw NoRequest(why);
  if (!document.is_object()) throw NoRequest("it must be an object");
  const auto named = document.find("request");
  if (named == document.end() || !named->is_string()) refuse_field("request", "it must be there");
  const RequestRule* const rule = find_rule(named->get_ref<const std::string&>());
  if (rule == nullptr) refuse_field("request", "there is no such request");
  Request request;
  request.kind = rule->kind;
  bool has_client = false;
  for (auto& [key, value] : document.items()) {
    if (key == "request") continue;
    const auto* const field = std::ranges::find(rule->fields, key, &FieldRule::name);
    if (field != rule->fields.end() && !key.empty()) {
      take_field(request, value, *field);
    } else if (key == "client") {
      request.client = take_text(value, key, Form::kAddress);
      has_client = true;
    } else if (key == "session" && rule->kind != RequestKind::kLogin) {
      request.session = take_text(value, key, Form::kToken);
    } else if (key == "account" && door == Door::kStaff) {
      request.account = take_text(value, key, Form::kName);
    } else {
      refuse_field(key, "this request has no such field");
    }
  }
  if (!has_client) refuse_field("client", "it must be there");
  if (rule->kind != RequestKind::kLogin && request.session.empty()) {
    refuse_field("session", "it must be there");
  }
  for (const FieldRule& field : rule->fields) {
    const bool is_given =
        request.texts.contains(field.name) || request.numbers.contains(field.name);
    if (field.is_required && !is_given) refuse_field(field.name, "it must be there");
  }
  // The other sockets vouch for the name themselves.
  const bool has_password = !request.password.empty();
  const bool takes_password = std::ranges::any_of(
      rule->fields, [](const FieldRule& field) { return field.form == Form::kPassword; });
  if (takes_password && has_password != (door == Door::kSelf)) {
    refuse_field("password", door == Door::kSelf ? "it must be there" : "it has no place here");
  }
  return request;
}

std::string network_of(const std::string& address) {
  in6_addr bytes{};
  if (::inet_pton(AF_INET6, address.c_str(), &bytes) != 1) return address;
  // An IPv4 address in the form of an IPv6 one.
  if (IN6_IS_ADDR_V4MAPPED(&bytes)) {
    std::array<char, INET_ADDRSTRLEN> text{};
    ::inet_ntop(AF_INET, &bytes.s6_addr[12], text.data(), text.size());
    return text.data();
  }
  constexpr std::size_t kNetwork = 8;  // bytes
  std::fill(bytes.s6_addr + kNetwork, bytes.s6_addr + sizeof bytes.s6_addr, std::uint8_t{0});
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(AF_INET6, &bytes, text.data(), text.size());
  return std::string(text.data()) + "/64";
}

}  // namespace desk
