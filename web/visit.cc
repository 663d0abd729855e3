#include "web/visit.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <utility>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/json_text.h"
#include "base/program/strict_json.h"
#include "base/terminal.h"
#include "web/problem.h"

namespace web {

namespace {

using nlohmann::ordered_json;

constexpr std::size_t kMaxBodyDepth = 4;
constexpr std::string_view kNewest = "newest";

[[noreturn]] void refuse_member(std::string_view name, std::string_view why) {
  throw Problem(ProblemKind::kUsage, fmt::format("/{}: {}", base::escape_for_terminal(name), why));
}

const Member* find_member(const Route& route, std::string_view name, Place place) {
  const auto* const found = std::ranges::find_if(route.members, [&](const Member& member) {
    return !member.name.empty() && member.place == place && member.name == name;
  });
  return found == route.members.end() ? nullptr : found;
}

ordered_json value_of(const Member& member, const std::string& text) {
  if (member.kind == ValueKind::kText) return text;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    refuse_member(member.name, "it must be a whole number");
  }
  return number;
}

void check_kind(const Member& member, const ordered_json& value) {
  const bool is_right = (member.kind == ValueKind::kText && value.is_string()) ||
                        (member.kind == ValueKind::kCount && value.is_number_unsigned()) ||
                        (member.kind == ValueKind::kSelection && value.is_object());
  if (is_right) return;
  if (member.kind == ValueKind::kText) refuse_member(member.name, "it must be a text");
  refuse_member(member.name, member.kind == ValueKind::kCount ? "it must be a whole number"
                                                              : "it must be an object");
}

// Other accounts are answered alike, whether they exist or not.
void choose_account(const Visit& visit, ordered_json& asked, const std::string& account) {
  if (visit.holder.role != "owner") {
    asked["account"] = account;
    return;
  }
  if (account == visit.holder.account) return;
  // A session that is over is the more important answer.
  visit.services.desk.ask({{"request", "me"}, {"client", visit.client}, {"session", visit.token}});
  throw Problem(ProblemKind::kNotFound);
}

}  // namespace

std::string_view Visit::value(std::string_view name) const {
  const auto found = values.find(name);
  return found == values.end() ? std::string_view() : std::string_view(found->second);
}

std::shared_ptr<void> take_memory(const Visit& visit, std::uint64_t bytes) {
  Services& services = visit.services;
  auto memory = services.memory.take(bytes, visit.sharer());
  if (!memory) {
    // A message that is kept for later makes room for one that is needed now.
    services.shelf.remove_account(visit.sharer());
    memory = services.memory.take(bytes, visit.sharer());
  }
  if (!memory) {
    throw Problem(ProblemKind::kBusy, "too much is going on: try again in a moment",
                  std::chrono::seconds(10));
  }
  return memory;
}

ordered_json body_of(const Visit& visit) {
  nlohmann::json parsed = nlohmann::json::object();
  if (!visit.request.body.empty()) {
    const std::string why = base::parse_strictly(visit.request.body, kMaxBodyDepth, parsed);
    if (!why.empty()) throw Problem(ProblemKind::kUsage, "the body: " + why);
  }
  if (!parsed.is_object()) throw Problem(ProblemKind::kUsage, "the body: it must be an object");
  ordered_json body = ordered_json::object();
  for (auto& [name, value] : parsed.items()) {
    const Member* const member = find_member(visit.route, name, Place::kBody);
    if (member == nullptr) refuse_member(name, "this request has no such member");
    body[name] = std::move(value);
    check_kind(*member, body[name]);
  }
  for (const Member& member : visit.route.members) {
    if (member.is_required && member.place == Place::kBody && !body.contains(member.name)) {
      refuse_member(member.name, "it must be there");
    }
  }
  return body;
}

ordered_json desk_request(Visit& visit, const Target& target, const PathValues& path) {
  ordered_json asked = {{"request", visit.route.request}, {"client", visit.client}};
  if (!visit.token.empty()) asked["session"] = visit.token;
  const auto take = [&](const Member& member, const std::string& text) {
    visit.values[std::string(member.name)] = text;
    if (member.field == "account") {
      choose_account(visit, asked, text);
    } else if (member.place == Place::kPath && member.name == "at" && text == kNewest) {
      return;  // the desk's default
    } else if (!member.field.empty()) {
      asked[std::string(member.field)] = value_of(member, text);
    }
  };
  for (const auto& [name, text] : path) {
    const Member* const member = find_member(visit.route, name, Place::kPath);
    if (member == nullptr) throw Problem(ProblemKind::kInternal);
    take(*member, text);
  }
  for (const auto& [name, text] : target.query) {
    const Member* const member = find_member(visit.route, name, Place::kQuery);
    if (member == nullptr) refuse_member(name, "this request has no such parameter");
    take(*member, text);
  }
  for (const Member& member : visit.route.members) {
    if (member.name.empty()) break;
    if (member.place == Place::kHeader) {
      if (const auto text = visit.request.header(member.name)) take(member, *text);
    }
    const bool is_given = visit.values.contains(member.name);
    if (member.is_required && member.place != Place::kBody && !is_given) {
      refuse_member(member.name, "it must be there");
    }
  }
  ordered_json body = body_of(visit);
  for (auto& [name, value] : body.items()) {
    const Member& member = *find_member(visit.route, name, Place::kBody);
    if (!member.field.empty()) asked[std::string(member.field)] = std::move(value);
  }
  return asked;
}

}  // namespace web
