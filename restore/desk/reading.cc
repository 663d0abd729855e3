#include "restore/desk/reading.h"

#include <string_view>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json_text.h"
#include "base/log.h"
#include "restore/desk/refusal.h"
#include "restore/desk/shown_command.h"

namespace desk {

namespace {

using nlohmann::ordered_json;

constexpr std::string_view kProgram = "mailstow-restore";
constexpr std::size_t kPage = 200;            // entries, if the request has no limit
constexpr std::size_t kMessagesOfBurst = 20;  // the same of a burst's messages
constexpr std::chrono::minutes kExportPatience{60};
constexpr std::chrono::minutes kMessagePatience{5};
constexpr std::size_t kMaxHead = std::size_t{1} << 20U;  // bytes before the first line ends

void add_page(ordered_json& asked, const Request& request) {
  asked["limit"] = request.number_or("limit", kPage);
  if (!request.text("after").empty()) asked["after"] = request.text("after");
}

void add_text(ordered_json& asked, const Request& request, const char* field) {
  if (!request.text(field).empty()) asked[field] = request.text(field);
}

// For those who may change trees.
void add_tree_commands(const Caller& caller, ordered_json& trees) {
  if (access_of(rule_of(RequestKind::kExtend), caller.session.role) == Access::kNever) return;
  for (ordered_json& tree : trees) {
    tree["commands"] = tree_commands(caller.account, tree.at("tree"));
  }
}

// Passes the output of a child on, once its first line shows that it is not an error.
class Relay {
 public:
  explicit Relay(Connection& connection) : connection_(connection) {}

  void take(std::string_view piece) {
    if (has_begun_) {
      connection_.send_piece(piece);
      return;
    }
    head_ += piece;
    const std::size_t end = head_.find('\n');
    const bool is_frame =
        end != std::string::npos && base::parse_json(head_.substr(0, end)).is_object();
    if (!is_frame) {
      if (head_.size() > kMaxHead) base::fail(base::ErrorCode::kIo, "read mail: it has no head");
      return;  // an error document has several lines
    }
    connection_.begin_stream();
    has_begun_ = true;
    connection_.send_piece(head_);
    head_.clear();
  }

  void finish(std::string_view command, int exit_status) {
    if (!has_begun_) throw refusal_for(command, base::parse_json(head_));
    const bool is_whole = exit_status == 0;
    if (is_whole) {
      connection_.end_stream({{"ok", true}});
    } else {
      base::log_warning("{}: it ended with status {}", command, exit_status);
      connection_.end_stream({{"ok", false}, {"exit_status", exit_status}});
    }
  }

 private:
  Connection& connection_;
  bool has_begun_ = false;
  std::string head_;
};

}  // namespace

ordered_json read(const Services& services, const Request& request, const Caller& caller) {
  const std::string command(rule_of(request.kind).name);
  ordered_json asked = child_request(services, caller, command.c_str());
  add_page(asked, request);
  for (const char* field : {"at", "folder", "message", "query", "since", "from", "to"}) {
    add_text(asked, request, field);
  }
  if (request.kind == RequestKind::kVanished) {
    // Subjects are for the owner, and for staff with a grant.
    const bool may_see_mail = caller.is_owner() || caller.has_grant;
    asked["messages"] = may_see_mail ? request.number_or("messages", kMessagesOfBurst) : 0;
  }
  ordered_json document = call_child(services, caller, asked);
  if (request.kind == RequestKind::kTrees) {
    hide_former_trees(document["trees"], caller);
    add_tree_commands(caller, document["trees"]);
  }
  ordered_json answer = {{"ok", true}};
  // The log is no command's.
  if (request.kind != RequestKind::kAudit) answer["command"] = shown_command(asked);
  answer["document"] = std::move(document);
  return answer;
}

ordered_json plan_export(const Services& services, const Request& request, const Caller& caller) {
  ordered_json asked = child_request(services, caller, "plan-export");
  asked["selection"] = base::parse_json(request.text("selection"));
  ordered_json document = call_child(services, caller, asked);
  asked["selection"]["at"] = document.at("snapshot");
  ordered_json commands;
  for (const char* const format : {"eml", "mbox"}) {
    asked["format"] = format;
    commands[format] = shown_command(asked);
  }
  return {{"ok", true}, {"commands", std::move(commands)}, {"document", std::move(document)}};
}

ordered_json list_all_trees(const Services& services, const Request& request,
                            const Caller& caller) {
  ordered_json asked = child_request_in_scope(services, caller, "trees");
  add_page(asked, request);
  ordered_json document = call_child(services, caller, asked);
  if (caller.session.role == Role::kOperator) {
    for (ordered_json& mail : document["unrecorded"]) mail.erase("folder");
  }
  for (ordered_json& tree : document["trees"]) {
    tree["commands"] = tree_commands(tree.at("account"), tree.at("tree"));
  }
  document["commands"] = {{"sweep", shown_line(kProgram, {"sweep"})}};
  return {{"ok", true},
          {"command", shown_line(kProgram, {"trees"})},
          {"document", std::move(document)}};
}

ordered_json read_audit_log(const Services& services, const Request& request,
                            const Caller& caller) {
  ordered_json asked = child_request_in_scope(services, caller, "audit-log");
  if (!request.account.empty()) {
    if (!covers(services, caller.session, request.account)) {
      throw Refusal(RefusalCode::kNotFound);
    }
    asked["account"] = request.account;
  }
  add_page(asked, request);
  add_text(asked, request, "person");
  if (caller.session.role == Role::kHelpdesk) asked["own"] = true;
  return {{"ok", true}, {"document", call_child(services, caller, asked)}};
}

void stream(const Services& services, const Request& request, const Caller& caller,
            Connection& connection, Afterwards& afterwards) {
  const bool is_export = request.kind == RequestKind::kExport;
  count(services, caller, is_export ? Counted::kExport : Counted::kMessage, afterwards);
  const std::string command(rule_of(request.kind).name);
  ordered_json asked = child_request(services, caller, command.c_str());
  if (is_export) {
    asked["selection"] = base::parse_json(request.text("selection"));
  } else {
    asked["message"] = request.text("message");
  }
  Relay relay(connection);
  const int status =
      services.children.stream(is_export ? StreamKind::kExport : StreamKind::kMessage, asked,
                               caller.on_behalf(), is_export ? kExportPatience : kMessagePatience,
                               [&](std::string_view piece) { relay.take(piece); });
  relay.finish(command, status);
}

}  // namespace desk
