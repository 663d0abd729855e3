// How the commands print: a text for people, or one document.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/error.h"
#include "base/mail/zoned_time.h"
#include "base/program/options.h"
#include "base/program/page.h"
#include "base/program/program.h"
#include "base/terminal.h"
#include "restore/moment.h"
#include "store/format/snapshot.h"

namespace restore {

// Prints a text for people.
void print_text(std::string_view text);

void print(base::OutputFormat format, const nlohmann::ordered_json& document,
           std::string_view text);

// For commands whose work is done: a text that can't be printed does not fail the command
// (base::after_work()).
void print_report(base::OutputFormat format, const nlohmann::ordered_json& document,
                  std::string_view text);

// While it exists, every text that a command prints begins with this one, and every document has
// these fields, whichever command it is. One at a time.
class OutputHead {
 public:
  OutputHead(std::string text, const nlohmann::ordered_json& fields);
  OutputHead(const OutputHead&) = delete;
  OutputHead& operator=(const OutputHead&) = delete;
  ~OutputHead();
};

// For output that is printed in another way: the text behind that of the OutputHead, if there is
// one, and its fields at the end of the document.
std::string with_head(std::string_view text);
void add_head(nlohmann::ordered_json& document);

// One JSON document that is printed while it is made, so that memory does not grow with its list.
class DocumentStream {
 public:
  // Prints the fields of `head`, an object with at least one, and begins the list `name`.
  DocumentStream(const nlohmann::ordered_json& head, std::string_view name);

  void add(const nlohmann::ordered_json& element);

  // Adds an element with a list of `count` objects as its last field, `list`, which is printed
  // while it is made, too. `head`: the other fields, at least one. `make`: the object of a
  // position.
  void add(const nlohmann::ordered_json& head, std::string_view list, std::size_t count,
           const std::function<nlohmann::ordered_json(std::size_t)>& make);

  // Ends the list and prints the fields of `tail`, an object with at least one.
  void end(const nlohmann::ordered_json& tail);

 private:
  void begin_element();
  void flush_piece();  // once there is enough to print
  void flush();

  std::string text_;
  bool is_first_ = true;
};

using base::cut_to_page;
using base::declare_page;
using base::next_in_json;
using base::next_page_text;
using base::Page;
using base::text_without_rows;

// The line that says which snapshot the output is of; `zone`: in which its time is shown.
std::string origin_text(const store::SnapshotInfo& snapshot, std::string_view zone);

// The same as the fields "snapshot", an id, and "snapshot_time"; and as "passed_over" the snapshots
// that --at passed over because a wrong clock dated them.
void add_origin(nlohmann::ordered_json& document, const ChosenSnapshot& chosen);

// The value of the field "passed_over".
nlohmann::ordered_json passed_over_json(const std::vector<store::SnapshotInfo>& snapshots);

// Why a folder's record is not all that the server had; empty: it is.
std::string folder_note(const store::FolderInfo& info);

// A message's INTERNALDATE, for the text and the document; "unknown" and null if it is unknown.
std::string date_text(const std::optional<base::ZonedTime>& date, std::string_view zone);
nlohmann::ordered_json date_json(const std::optional<base::ZonedTime>& date);

// The line that says how many of the chosen messages have no date, although --since or --before was
// given; empty for 0.
std::string undated_text(std::uint64_t undated);

}  // namespace restore
