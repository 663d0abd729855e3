// The hidden command `answer`: carries out one request of the restore desk. It does what the
// command of the same name does, within the reach that the desk sets, and prints one document.
#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <string_view>

#include <fcntl.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/id_text.h"
#include "base/log.h"
#include "base/program/audit_log.h"
#include "base/terminal.h"
#include "imap/account_discovery.h"
#include "restore/answer_request.h"
#include "restore/audit_view.h"
#include "restore/commands.h"
#include "restore/framed_mail.h"
#include "restore/sign_in.h"
#include "restore/user_mail.h"
#include "store/format/location.h"
#include "store/reach.h"
#include "store/reader.h"

namespace restore {

namespace {

// Where the desk reads the progress of a run, and the lock by which it sees that the run goes on.
// Neither is for the programs that the run starts.
constexpr int kProgressDescriptor = 4;
constexpr int kJobLockDescriptor = 5;

void keep_from_programs(int descriptor) {
  if (::fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0) return;
  base::fail_with_errno(errno, "answer: use a descriptor of the restore desk");
}

using Environment = base::Environment;

base::ExitStatus sign_in_and_print(const Environment& environment, const AnswerRequest& request) {
  const std::string name = request.text("name");
  const SignIn answer = request.has("vouched") ? sign_in_vouched(environment, name)
                                               : sign_in(environment, name, request.password());
  const std::string_view result = word_of(answer.result);
  if (!answer.account.empty()) {
    const nlohmann::ordered_json details = {{"result", result}};
    base::AuditLog(environment.config.store, environment.invoker, environment.clock)
        .append({.program = "mailstow-restore",
                 .command = "login",
                 .account = answer.account,
                 .arguments = {},
                 .on_behalf = environment.on_behalf,
                 .details = &details});
  }
  if (!answer.why.empty()) {
    base::log_info("login: {}: {}: {}", base::escape_for_terminal(name), result, answer.why);
  }
  print(environment.format,
        {{"result", result},
         {"account", answer.account},
         {"sequence", answer.sequence},
         {"since", answer.since.time_since_epoch().count()}},
        "");
  return base::ExitStatus::kDone;
}

base::ExitStatus mail_about_login(const Environment& environment, const AnswerRequest& request) {
  const base::AccountConfig account =
      imap::find_account(environment.config, environment.files, request.account());
  UserMail(environment).notify_login(account, request.text("client"));
  print(environment.format, {{"account", request.account()}}, "");
  return base::ExitStatus::kDone;
}

base::ExitStatus mail_about_grant(const Environment& environment, const AnswerRequest& request) {
  const base::AccountConfig account =
      imap::find_account(environment.config, environment.files, request.account());
  const auto time_in = [&](const char* field) {
    return std::chrono::sys_seconds(
        std::chrono::seconds(static_cast<std::int64_t>(request.number(field))));
  };
  UserMail(environment)
      .notify_grant(
          account,
          {.person = request.text("person"), .given = time_in("given"), .ended = time_in("ended")});
  print(environment.format, {{"account", request.account()}}, "");
  return base::ExitStatus::kDone;
}

base::ExitStatus run_selection(const Environment& environment, const AnswerRequest& request) {
  RunOptions options;
  options.account = request.account();
  options.dry_run = request.command() == "plan";
  if (request.has("tree")) {
    options.resume = request.text("tree");
  } else {
    options.selection = request.selection();
  }
  if (request.has("stay")) {
    options.expire_after = std::chrono::seconds(static_cast<std::int64_t>(request.number("stay")));
  }
  if (!options.dry_run) {
    keep_from_programs(kJobLockDescriptor);
    options.progress_fd = static_cast<std::uint32_t>(kProgressDescriptor);
    options.job = request.text("job");
  }
  return run(environment, options);
}

base::ExitStatus search_page(const Environment& environment, const AnswerRequest& request) {
  return search(environment, {.account = request.account(),
                              .query = request.text("query"),
                              .at = request.text_or_empty("at"),
                              .page = request.page()});
}

base::ExitStatus show_one(const Environment& environment, const AnswerRequest& request) {
  return show(environment, {.account = request.account(),
                            .message = request.text("message"),
                            .limit = request.page().limit});
}

base::ExitStatus vanished_page(const Environment& environment, const AnswerRequest& request) {
  return vanished(environment,
                  {.account = request.account(),
                   .since = request.text_or_empty("since"),
                   .page = request.page(),
                   .messages = static_cast<std::uint32_t>(request.number("messages"))});
}

base::ExitStatus diff_page(const Environment& environment, const AnswerRequest& request) {
  return diff(environment, {.account = request.account(),
                            .from = request.text("from"),
                            .to = request.text_or_empty("to"),
                            .folders = {},
                            .page = request.page()});
}

base::ExitStatus extend_tree(const Environment& environment, const AnswerRequest& request) {
  return extend(environment, request.account(), request.text("tree"),
                std::chrono::seconds(static_cast<std::int64_t>(request.number("seconds"))));
}

base::ExitStatus view_audit(const Environment& environment, const AnswerRequest& request) {
  const auto since = request.reach() ? std::max(request.reach()->since, request.reach()->holder)
                                     : std::chrono::sys_seconds();
  return print_audit_view(environment, {.account = request.account(),
                                        .since = since,
                                        .is_for_owner = request.reach().has_value(),
                                        .limit = request.page().limit});
}

base::ExitStatus list_trees(const Environment& environment, const AnswerRequest& request) {
  return trees(environment,
               {.account = request.account(), .scope = request.scope(), .page = request.page()});
}

base::ExitStatus view_audit_log(const Environment& environment, const AnswerRequest& request) {
  return print_audit_log(environment, {.account = request.account(),
                                       .person = request.text_or_empty("person"),
                                       .scope = request.scope(),
                                       .only_own = request.has("own"),
                                       .page = request.page()});
}

struct AnsweredCommand {
  std::string_view name;
  bool is_audited;
  base::ExitStatus (*carry_out)(const Environment&, const AnswerRequest&);
};

// There is nothing here that restores into another account or in place, that lets a tree count
// towards the quota, or that changes anything but trees.
constexpr std::array kAnswered = {
    AnsweredCommand{"login", false, sign_in_and_print},  // it writes its own line, with the result
    AnsweredCommand{"mail-login", false, mail_about_login},
    AnsweredCommand{"mail-grant", false, mail_about_grant},
    AnsweredCommand{"accounts", false,
                    [](const Environment& environment, const AnswerRequest& request) {
                      return accounts(environment, request.page());
                    }},
    AnsweredCommand{"snapshots", true,
                    [](const Environment& environment, const AnswerRequest& request) {
                      return snapshots(environment, request.account(), request.page());
                    }},
    AnsweredCommand{"folders", true,
                    [](const Environment& environment, const AnswerRequest& request) {
                      return folders(environment, request.account(), request.text_or_empty("at"),
                                     request.page());
                    }},
    AnsweredCommand{"messages", true,
                    [](const Environment& environment, const AnswerRequest& request) {
                      return messages(environment, request.account(), request.text("folder"),
                                      request.text_or_empty("at"), request.page());
                    }},
    AnsweredCommand{"show", true, show_one},
    AnsweredCommand{"raw", true,
                    [](const Environment& environment, const AnswerRequest& request) {
                      return print_framed_message(environment, request.account(),
                                                  request.text("message"));
                    }},
    AnsweredCommand{"search", true, search_page},
    AnsweredCommand{"vanished", true, vanished_page},
    AnsweredCommand{"diff", true, diff_page},
    AnsweredCommand{"plan", true, run_selection},
    AnsweredCommand{"run", true, run_selection},
    AnsweredCommand{"plan-export", true,
                    [](const Environment& environment, const AnswerRequest& request) {
                      return print_selection_sizes(environment, request.account(),
                                                   request.selection());
                    }},
    AnsweredCommand{"export", true,
                    [](const Environment& environment, const AnswerRequest& request) {
                      return print_framed_selection(environment, request.account(),
                                                    request.selection());
                    }},
    AnsweredCommand{"trees", false, list_trees},
    AnsweredCommand{"extend", true, extend_tree},
    AnsweredCommand{"expire", true,
                    [](const Environment& environment, const AnswerRequest& request) {
                      return expire(environment,
                                    {.account = request.account(), .tree = request.text("tree")});
                    }},
    AnsweredCommand{"audit", true, view_audit},
    AnsweredCommand{"audit-log", true, view_audit_log},
};

// The environment in which nothing older than the request's reach exists.
Environment within(const Environment& environment, const AnswerRequest& request) {
  Environment result = environment;
  result.format = base::OutputFormat::kJson;
  if (!request.reach()) return result;
  store::Reader reader =
      store::Reader::open(store::location_of(environment.config.store), environment.files);
  const auto since = store::first_made_since(
      reader.snapshots(request.account()), request.reach()->since, environment.clock.now_seconds());
  result.config.store.reach =
      base::Reach{{request.account(), std::max(request.reach()->sequence, since)}};
  return result;
}

base::ExitStatus answer(const Environment& environment) {
  const AnswerRequest request = read_answer_request();
  const auto* const found = std::ranges::find(kAnswered, request.command(), &AnsweredCommand::name);
  if (found == kAnswered.end()) {
    base::fail(base::ErrorCode::kUsage, "answer: there is no command {}",
               base::escape_for_terminal(request.command()));
  }
  if (found->is_audited) {
    const nlohmann::ordered_json details = request.audited();
    base::AuditLog(environment.config.store, environment.invoker, environment.clock)
        .append({.program = "mailstow-restore",
                 .command = request.command(),
                 .account = request.account(),
                 .arguments = {},
                 .on_behalf = environment.on_behalf,
                 .details = &details});
  }
  return found->carry_out(within(environment, request), request);
}

}  // namespace

base::Command answer_command() {
  return {.name = "answer", .function = answer};
}

}  // namespace restore
