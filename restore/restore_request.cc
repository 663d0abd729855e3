#include "restore/restore_request.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json_text.h"

namespace restore {

namespace {

std::optional<std::chrono::sys_seconds> read_time(const nlohmann::ordered_json& document,
                                                  const char* key) {
  if (!document.contains(key)) return std::nullopt;
  return std::chrono::sys_seconds(std::chrono::seconds(document.at(key).get<std::int64_t>()));
}

}  // namespace

Requester requester_of(const base::Environment& environment) {
  const base::Invoker& invoker = environment.invoker;
  Requester requester{.user = invoker.sudo_user.empty() ? invoker.user : invoker.sudo_user,
                      .person = {},
                      .role = {}};
  if (environment.on_behalf) {
    requester.person = environment.on_behalf->person;
    requester.role = environment.on_behalf->role;
  }
  return requester;
}

std::string write_request(const RestoreRequest& request) {
  const SelectionOptions& selection = request.selection;
  nlohmann::ordered_json document = {{"account", request.account},
                                     {"at", selection.at},
                                     {"folders", selection.folders},
                                     {"exact_folders", selection.exact_folders},
                                     {"messages", selection.messages},
                                     {"since", selection.since},
                                     {"before", selection.before},
                                     {"query", selection.query},
                                     {"subfolders", selection.subfolders},
                                     {"missing_from", selection.missing_from},
                                     {"without_trees", selection.without_trees},
                                     {"asked", selection.asked.value().time_since_epoch().count()},
                                     {"user", request.requester.user},
                                     {"person", request.requester.person},
                                     {"role", request.requester.role},
                                     {"job", request.job},
                                     {"made_after", request.made_after}};
  for (const auto& [text, time] : selection.query_times) {
    document["query_times"][text] = time.time_since_epoch().count();
  }
  if (request.not_before) document["not_before"] = request.not_before->time_since_epoch().count();
  if (request.promised) document["promised"] = request.promised->time_since_epoch().count();
  return base::json_line(document);
}

RestoreRequest read_request(const std::string& text) {
  try {
    const nlohmann::ordered_json document = base::parse_json(text);
    RestoreRequest request;
    request.account = document.at("account");
    request.selection.at = document.at("at");
    request.selection.folders = document.at("folders").get<std::vector<std::string>>();
    // Earlier versions had globs only.
    request.selection.exact_folders = document.value("exact_folders", std::vector<std::string>());
    request.selection.messages = document.at("messages").get<std::vector<std::string>>();
    request.selection.since = document.at("since");
    request.selection.before = document.at("before");
    request.selection.query = document.at("query");
    request.selection.subfolders = document.at("subfolders");
    request.selection.missing_from = document.at("missing_from");
    // Earlier versions left none out.
    request.selection.without_trees = document.value("without_trees", false);
    request.selection.asked =
        std::chrono::sys_seconds(std::chrono::seconds(document.at("asked").get<std::int64_t>()));
    // Earlier versions recorded none.
    const auto times = document.value("query_times", nlohmann::ordered_json::object());
    for (const auto& [written, time] : times.items()) {
      request.selection.query_times.emplace(
          written, std::chrono::sys_seconds(std::chrono::seconds(time.get<std::int64_t>())));
    }
    // Earlier versions recorded no requester.
    request.requester = {.user = document.value("user", ""),
                         .person = document.value("person", ""),
                         .role = document.value("role", "")};
    request.job = document.value("job", "");
    request.made_after = document.value("made_after", std::uint64_t{0});
    request.not_before = read_time(document, "not_before");
    request.promised = read_time(document, "promised");
    return request;
  } catch (const nlohmann::json::exception& error) {
    base::fail(base::ErrorCode::kDamaged,
               "resume: the tree's record does not contain a readable request");
  }
}

}  // namespace restore
