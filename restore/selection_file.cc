#include "restore/selection_file.h"

#include <cerrno>
#include <fstream>
#include <iostream>
#include <istream>
#include <set>
#include <system_error>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "base/config/config_schema.h"
#include "base/error.h"
#include "base/id_text.h"
#include "base/program/strict_json.h"
#include "base/terminal.h"
#include "schema/embedded.h"
#include "store/format/crypto.h"

namespace restore {

namespace {

using nlohmann::json;

[[noreturn]] void refuse_selection(const std::string& why) {
  base::fail(base::ErrorCode::kUsage, "--selection: {}", why);
}

[[noreturn]] void refuse_field(const std::string& field, const std::string& why) {
  refuse_selection("/" + base::escape_for_terminal(field) + ": " + why);
}

void check_text(const std::string& field, const std::string& text) {
  if (text.find('\0') != std::string::npos) refuse_field(field, "it has a NUL character");
}

// Checks that the schema can't express, or that would take quadratic time there.
void check_fields(const json& document) {
  for (const auto& [field, value] : document.items()) {
    if (value.is_string()) check_text(field, value.get<std::string>());
    if (!value.is_array()) continue;
    std::set<std::string> elements;
    for (std::size_t at = 0; at < value.size(); ++at) {
      const std::string place = field + "/" + std::to_string(at);
      const auto text = value.at(at).get<std::string>();
      check_text(place, text);
      if (!elements.insert(text).second) refuse_field(place, "it is given twice");
      if (field == "messages" && !base::begins_an_id(text)) {
        refuse_field(place, "not a message's id: `mailstow-restore messages` lists the ids");
      }
    }
  }
  if (!document.value("all", false)) return;
  for (const auto& [field, value] : document.items()) {
    if (field != "all" && field != "at" && value != false) {
      refuse_field(field, "it can't be combined with /all");
    }
  }
}

std::string read_bounded(std::istream& in, const std::string& name) {
  std::string text(kMaxSelectionBytes + 1, '\0');
  errno = 0;
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad() || (in.fail() && !in.eof())) {
    refuse_selection(base::escape_for_terminal(name) +
                     ": it can't be read: " + std::generic_category().message(errno));
  }
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
}

}  // namespace

SelectionOptions parse_selection(std::string_view text) {
  if (text.size() > kMaxSelectionBytes) {
    refuse_selection("it has more than 16 MiB: choose whole folders, or select in several parts");
  }
  constexpr std::size_t kDepth = 8;  // more than the schema allows, so that its message is shown
  json document;
  const std::string why = base::parse_strictly(text, kDepth, document);
  if (!why.empty()) refuse_selection(why);
  try {
    base::check_against_schema(document, schema::kSelectionSchema);
  } catch (const base::Error& error) {
    refuse_selection(error.what());
  }
  check_fields(document);
  SelectionOptions selection;
  selection.file_sha256 = store::sha256(base::as_bytes(text)).hex();
  selection.at = document.value("at", "");
  selection.all = document.value("all", false);
  selection.exact_folders = document.value("folders", std::vector<std::string>());
  selection.folders = document.value("globs", std::vector<std::string>());
  selection.subfolders = document.value("subfolders", false);
  selection.messages = document.value("messages", std::vector<std::string>());
  selection.query = document.value("query", "");
  selection.since = document.value("since", "");
  selection.before = document.value("before", "");
  selection.missing = document.value("missing", false);
  return selection;
}

SelectionOptions read_selection(const std::string& file) {
  if (file == "-") return parse_selection(read_bounded(std::cin, "stdin"));
  std::ifstream in(file, std::ios::binary);
  return parse_selection(read_bounded(in, file));
}

}  // namespace restore
