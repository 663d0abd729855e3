#include "store/search.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/id_text.h"
#include "base/log.h"
#include "base/program/pager.h"
#include "base/shell_quote.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "restore/commands.h"
#include "restore/last_sight.h"
#include "restore/moment.h"
#include "restore/output.h"
#include "restore/selection_arguments.h"
#include "restore/whereabouts.h"
#include "store/format/location.h"
#include "store/search_index/query.h"

namespace restore {

namespace {

// The whereabouts of the found messages; nullopt: the newest backup can't be read.
using Fate = std::optional<Whereabouts>;

// `is_last_known`: all backups could be searched, so that the last one to have a message is known.
Fate look_up(store::Reader& reader, const std::string& account, store::SearchResult& result,
             bool is_last_known) {
  try {
    return Fate(std::in_place, reader, account, result.messages, is_last_known);
  } catch (const base::Error& error) {
    if (!base::is_unreadable(error.code())) throw;
    // The search has reported it already if it went through the newest backup too.
    if (std::ranges::find(result.damage, error.what()) == result.damage.end()) {
      result.damage.emplace_back(error.what());
    }
    return std::nullopt;
  }
}

std::string fate_text(const Fate& fate, const store::FoundMessage& found, const std::string& zone) {
  if (!fate || fate->is_doubted(found)) return "unknown";
  const std::vector<std::string> folders = fate->folders_of(found);
  if (std::ranges::find(folders, found.folder) != folders.end()) return "still there";
  if (!folders.empty()) return fmt::format("in {}", folders.front());
  const auto since = fate->gone_since(found);
  return since ? "gone since " + base::format_zoned(*since, zone) : "gone";
}

void add_fate(nlohmann::ordered_json& document, const Fate& fate,
              const store::FoundMessage& found) {
  document["still_there"] = nullptr;
  document["now_in"] = nullptr;
  document["gone_since"] = nullptr;
  if (!fate || fate->is_doubted(found)) return;
  const std::vector<std::string> folders = fate->folders_of(found);
  document["still_there"] = !folders.empty();
  document["now_in"] = folders;
  if (const auto since = fate->gone_since(found)) {
    document["gone_since"] = base::format_rfc3339(*since);
  }
}

std::string to_text(const store::SearchResult& result, const Fate& fate,
                    const std::optional<std::string>& next, const SearchOptions& options,
                    const std::string& zone) {
  if (result.messages.empty() && !result.damage.empty()) {
    return fmt::format("Nothing {}was found in what can be read.\n",
                       options.page.after.empty() ? "" : "more ");
  }
  if (result.messages.empty()) return text_without_rows(options.page, "Nothing was found.\n");
  std::vector<std::vector<std::string>> rows;
  rows.reserve(result.messages.size());
  for (const store::FoundMessage& found : result.messages) {
    rows.push_back({date_text(found.date, zone), found.envelope.from, found.envelope.subject,
                    found.folder, base::format_size(found.entry.size),
                    base::format_zoned(found.snapshot.time, zone), fate_text(fate, found, zone),
                    base::shown_id(found.snapshot.id.hex()),
                    base::shown_id(found.entry.message.object.hex())});
  }
  std::string text = base::format_table({{"DATE"},
                                         {"FROM", base::Align::kLeft, base::Width::kCut},
                                         {"SUBJECT", base::Align::kLeft, base::Width::kCut},
                                         {"FOLDER", base::Align::kLeft, base::Width::kCut},
                                         {"SIZE", base::Align::kRight},
                                         {"LAST SEEN"},
                                         {"NOW", base::Align::kLeft, base::Width::kCut},
                                         {"SNAPSHOT"},
                                         {"ID"}},
                                        rows, base::output_room());
  if (result.total > result.messages.size()) {
    text += fmt::format("{} of {} are shown; --limit {} shows all.\n",
                        base::format_count(result.messages.size()),
                        base::format_count(result.total), result.total);
  }
  text += undated_text(result.undated);
  text += next_page_text(next);
  text += fmt::format("To restore one: mailstow-restore run {} --message ID --at SNAPSHOT\n",
                      base::shell_quoted(options.account));
  return text;
}

}  // namespace

base::ExitStatus search(const base::Environment& environment, const SearchOptions& options) {
  store::Reader reader =
      store::Reader::open(store::location_of(environment.config.store), environment.files);
  store::SearchScope scope;
  scope.account = options.account;
  scope.most = options.page.limit > 0 ? options.page.limit : SIZE_MAX;
  scope.after = options.page.after;
  scope.shown_name = shown_name;
  const ChosenSnapshot chosen = choose_snapshot(environment, reader, options.account, options.at);
  if (!options.at.empty()) scope.snapshot = chosen.snapshot;
  const auto query = store::Query::parse(options.query, [&](const std::string& text) {
    return parse_moment(environment, reader, options.account, text);
  });
  store::SearchResult result = store::search(reader, query, scope);
  std::optional<std::string> next;
  if (result.has_more && !result.messages.empty()) next = result.messages.back().cursor;

  // A message may be in a backup that could not be searched.
  const bool is_last_known = !scope.snapshot && result.damage.empty();
  const Fate fate = look_up(reader, options.account, result, is_last_known);
  for (const std::string& line : result.damage) base::log_error("{}", line);
  const auto is_doubted = [&](const auto& found) { return fate->is_doubted(found); };
  if (fate && std::ranges::any_of(result.messages, is_doubted)) warn_of_unread(fate->unread());

  if (environment.format == base::OutputFormat::kJson) {
    nlohmann::ordered_json head = {{"account", options.account}};
    if (scope.snapshot) add_origin(head, chosen);
    head["total"] = result.total;
    head["undated"] = result.undated;
    DocumentStream document(head, "messages");
    for (const store::FoundMessage& found : result.messages) {
      nlohmann::ordered_json each = {{"message", found.entry.message.object.hex()},
                                     {"folder", found.folder},
                                     {"uidvalidity", found.uid_validity},
                                     {"uid", found.entry.uid.value},
                                     {"date", date_json(found.date)},
                                     {"internal_date", date_json(found.entry.internal_date)},
                                     {"from", found.envelope.from},
                                     {"to", found.envelope.to},
                                     {"cc", found.envelope.cc},
                                     {"subject", found.envelope.subject},
                                     {"message_id", found.envelope.message_id},
                                     {"size", found.entry.size},
                                     {"flags", found.entry.flags},
                                     {"snapshot", found.snapshot.id.hex()},
                                     {"last_seen", base::format_rfc3339(found.snapshot.time)}};
      add_fate(each, fate, found);
      document.add(each);
    }
    document.end({{"next", next_in_json(next)}});
  } else {
    const std::string& zone = environment.config.restore.time_zone;
    print_text(to_text(result, fate, next, options, zone) +
               (scope.snapshot ? origin_text(chosen.snapshot, zone) : ""));
  }
  if (!result.damage.empty()) return base::ExitStatus::kDamaged;
  return result.total == 0 ? base::ExitStatus::kNothingDone : base::ExitStatus::kDone;
}

base::Command search_command() {
  struct Arguments {
    SearchOptions options;
    std::vector<std::string> words;
  };
  const auto given = std::make_shared<Arguments>();
  return {.name = "search",
          .help = "Find messages by sender, subject, date or folder",
          .declare =
              [given](base::Options& declared) {
                declared.argument("NAME", given->options.account, "The account").required();
                declared
                    .arguments("QUERY", given->words,
                               "Words, \"in this order\", from:, to:, cc:, subject:, message-id:, "
                               "after:, before:,\nfolder:; a - in front excludes what follows")
                    .required();
                declare_at(declared, given->options.at);
                declared.value(
                    "--limit", given->options.page.limit, "N",
                    fmt::format("Show at most N results (default: {})", given->options.page.limit));
                declared.value("--after", given->options.page.after, "CURSOR",
                               "Continue after this entry, as the last page names it");
              },
          .has_dashed_words = true,
          .is_audited = base::always,
          .account = [given] { return given->options.account; },
          .function =
              [given](const auto& environment) {
                given->options.query = fmt::format("{}", fmt::join(given->words, " "));
                return search(environment, given->options);
              }};
}

}  // namespace restore
