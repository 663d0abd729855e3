#include "restore/desk/shown_command.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/glob.h"
#include "base/id_text.h"
#include "base/shell_quote.h"
#include "base/time_text.h"

namespace desk {

namespace {

using nlohmann::ordered_json;

class ShownLine {
 public:
  explicit ShownLine(std::string_view verb, std::string_view program = "mailstow-restore")
      : line_(std::string(program) + " " + std::string(verb)) {}

  void flag(std::string_view option) { line_ += " " + std::string(option); }

  // One word: a value that begins with a hyphen is not taken for an option.
  void option(std::string_view option, std::string_view value) {
    line_ += " " + std::string(option) + "=" + base::shell_quoted(value);
  }

  void argument(const std::string& value) { arguments_.push_back(value); }

  std::string finish() const {
    std::string line = line_;
    const auto begins_option = [](const std::string& value) { return value.starts_with('-'); };
    if (std::ranges::any_of(arguments_, begins_option)) line += " --";
    for (const std::string& value : arguments_) line += " " + base::shell_quoted(value);
    return line;
  }

 private:
  std::string line_;
  std::vector<std::string> arguments_;
};

std::string text_in(const ordered_json& document, const char* field) {
  return document.value(field, "");
}

// A time stays whole, an id is as long as the commands print it.
std::string shown_moment(const std::string& text) {
  return text.size() == base::kIdDigits ? base::shown_id(text) : text;
}

void add_moment(ShownLine& line, std::string_view option, const ordered_json& asked,
                const char* field) {
  const std::string text = text_in(asked, field);
  if (!text.empty()) line.option(option, shown_moment(text));
}

void add_selection(ShownLine& line, const ordered_json& selection) {
  if (!selection.is_object()) return;
  const auto texts = [&](const char* field) {
    return selection.value(field, std::vector<std::string>());
  };
  add_moment(line, "--at", selection, "at");
  for (const std::string& folder : texts("folders")) {
    line.option("--folder", base::glob_for(folder));
  }
  for (const std::string& glob : texts("globs")) line.option("--folder", glob);
  if (selection.value("subfolders", false)) line.flag("--subfolders");
  for (const std::string& id : texts("messages")) line.option("--message", base::shown_id(id));
  if (const std::string query = text_in(selection, "query"); !query.empty()) {
    line.option("--query", query);
  }
  add_moment(line, "--since", selection, "since");
  add_moment(line, "--before", selection, "before");
  if (selection.value("missing", false)) line.flag("--missing");
}

std::string shown_run(const ordered_json& asked) {
  ShownLine line("run");
  line.argument(asked.at("account"));
  if (asked.contains("tree")) {
    line.option("--resume", text_in(asked, "tree"));
  } else {
    const ordered_json& selection = asked.at("selection");
    add_selection(line, selection);
    if (selection.is_object() && selection.value("all", false)) line.flag("--all");
  }
  if (asked.contains("stay")) {
    line.option("--expire-after",
                base::format_duration(std::chrono::seconds(asked.at("stay").get<std::int64_t>())));
  }
  return line.finish();
}

std::string shown_export(const ordered_json& asked) {
  ShownLine line("export");
  line.argument(asked.at("account"));
  add_selection(line, asked.at("selection"));
  line.option("--format", asked.value("format", "eml"));
  line.option("--to", "exported-mail");
  return line.finish();
}

}  // namespace

std::string shown_command(const ordered_json& asked) {
  const std::string command = text_in(asked, "command");
  if (command == "run" || command == "plan") return shown_run(asked);
  if (command == "export" || command == "plan-export") return shown_export(asked);
  ShownLine line(command == "raw" ? "show" : command);
  if (command == "raw") line.flag("--raw");
  line.argument(asked.at("account"));
  for (const char* const field : {"folder", "query", "tree"}) {
    if (asked.contains(field)) line.argument(text_in(asked, field));
  }
  if (asked.contains("message")) line.argument(base::shown_id(text_in(asked, "message")));
  for (const char* const field : {"at", "since", "from", "to"}) {
    add_moment(line, "--" + std::string(field), asked, field);
  }
  if (command == "extend") {
    line.argument(
        base::format_duration(std::chrono::seconds(asked.at("seconds").get<std::int64_t>())));
  }
  return line.finish();
}

ordered_json tree_commands(const std::string& account, const std::string& tree) {
  constexpr std::chrono::seconds kOffered = std::chrono::days(7);
  ordered_json asked = {{"command", "expire"}, {"account", account}, {"tree", tree}};
  const std::string expire = shown_command(asked);
  asked["command"] = "extend";
  asked["seconds"] = kOffered.count();
  return {{"extend", shown_command(asked)}, {"expire", expire}};
}

std::string shown_line(std::string_view program, const std::vector<std::string>& words) {
  std::string line(program);
  for (const std::string& word : words) line += " " + base::shell_quoted(word);
  return line;
}

std::string shown_remedy(std::string_view kind, const std::string& account) {
  constexpr std::string_view kBackupd = "mailstow-backupd";
  if (kind == "stale") {
    ShownLine line("once", kBackupd);
    line.option("--account", account);
    return line.finish();
  }
  const bool is_to_accept = kind == "mass_deletion" || kind == "stranger";
  if (!is_to_accept && kind != "no_progress") return "";
  ShownLine line(is_to_accept ? "acknowledge" : "status --history", kBackupd);
  line.argument(account);
  return line.finish();
}

}  // namespace desk
