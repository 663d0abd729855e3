#include "restore/output.h"

#include <utility>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/id_text.h"
#include "base/json_text.h"
#include "base/program/pager.h"
#include "base/terminal.h"
#include "base/time_text.h"

namespace restore {

namespace {

struct Head {
  std::string text;
  nlohmann::ordered_json fields = nlohmann::ordered_json::object();
};

Head& output_head() {
  static Head head;
  return head;
}

// The text of an object whose list `name` is open.
std::string opened(const nlohmann::ordered_json& head, std::string_view name) {
  std::string text = base::json_line(head);
  text.pop_back();
  return text + fmt::format(",\"{}\":[", name);
}

}  // namespace

OutputHead::OutputHead(std::string text, const nlohmann::ordered_json& fields) {
  output_head() = {std::move(text), fields};
}

OutputHead::~OutputHead() {
  output_head() = {};
}

std::string with_head(std::string_view text) {
  return output_head().text + std::string(text);
}

void add_head(nlohmann::ordered_json& document) {
  document.update(output_head().fields);
}

void print_text(std::string_view text) {
  base::print_paged(with_head(text));
}

void print(base::OutputFormat format, const nlohmann::ordered_json& document,
           std::string_view text) {
  if (format == base::OutputFormat::kText) return print_text(text);
  nlohmann::ordered_json headed = document;
  add_head(headed);
  base::print_result(base::json_text(headed));
}

void print_report(base::OutputFormat format, const nlohmann::ordered_json& document,
                  std::string_view text) {
  base::after_work("the report was not printed", [&] { print(format, document, text); });
}

DocumentStream::DocumentStream(const nlohmann::ordered_json& head, std::string_view name) {
  nlohmann::ordered_json headed = head;
  add_head(headed);
  text_ = opened(headed, name);
}

void DocumentStream::add(const nlohmann::ordered_json& element) {
  begin_element();
  text_ += base::json_line(element);
  flush_piece();
}

void DocumentStream::add(const nlohmann::ordered_json& head, std::string_view list,
                         std::size_t count,
                         const std::function<nlohmann::ordered_json(std::size_t)>& make) {
  begin_element();
  text_ += opened(head, list);
  for (std::size_t at = 0; at < count; ++at) {
    text_ += at == 0 ? "\n" : ",\n";
    text_ += base::json_line(make(at));
    flush_piece();
  }
  text_ += "]}";
  flush_piece();
}

void DocumentStream::begin_element() {
  text_ += is_first_ ? "\n" : ",\n";
  is_first_ = false;
}

void DocumentStream::flush_piece() {
  constexpr std::size_t kPiece = std::size_t{64} << 10;
  if (text_.size() >= kPiece) flush();
}

void DocumentStream::end(const nlohmann::ordered_json& tail) {
  text_ += "],\n" + base::json_line(tail).substr(1) + "\n";
  flush();
}

void DocumentStream::flush() {
  base::print_result(text_);
  text_.clear();
}

std::string origin_text(const store::SnapshotInfo& snapshot, std::string_view zone) {
  return fmt::format("From the snapshot of {} ({}).\n", base::format_zoned(snapshot.time, zone),
                     base::shown_id(snapshot.id.hex()));
}

void add_origin(nlohmann::ordered_json& document, const ChosenSnapshot& chosen) {
  document["snapshot"] = chosen.snapshot.id.hex();
  document["snapshot_time"] = base::format_rfc3339(chosen.snapshot.time);
  document["passed_over"] = passed_over_json(chosen.passed_over);
}

nlohmann::ordered_json passed_over_json(const std::vector<store::SnapshotInfo>& snapshots) {
  auto documents = nlohmann::ordered_json::array();
  for (const store::SnapshotInfo& snapshot : snapshots) {
    documents.push_back(
        {{"snapshot", snapshot.id.hex()}, {"snapshot_time", base::format_rfc3339(snapshot.time)}});
  }
  return documents;
}

std::string folder_note(const store::FolderInfo& info) {
  switch (info.completeness) {
    case store::FolderCompleteness::kComplete:
      return info.skipped.empty() ? "" : std::to_string(info.skipped.size()) + " skipped";
    case store::FolderCompleteness::kInProgress:
      return "in progress";
    case store::FolderCompleteness::kUnreadable:
      return "could not be read: as of the backup before";
    case store::FolderCompleteness::kContainer:
      return "holds only folders";
  }
  return "";
}

std::string date_text(const std::optional<base::ZonedTime>& date, std::string_view zone) {
  return date ? base::format_zoned(date->instant, zone) : "unknown";
}

nlohmann::ordered_json date_json(const std::optional<base::ZonedTime>& date) {
  if (!date) return nullptr;
  return base::format_rfc3339(date->instant);
}

std::string undated_text(std::uint64_t undated) {
  if (undated == 0) return "";
  return fmt::format("Included although no date is known: {}.\n",
                     base::format_count(undated, "message"));
}

}  // namespace restore
