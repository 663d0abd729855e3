#include "restore/selection_arguments.h"

#include "restore/selection_file.h"

namespace restore {

void declare_at(base::Options& declared, std::string& at) {
  declared.value("--at", at, "TIME",
                 "The newest snapshot not after this time, as 2026-11-24T02:30 or '3 days ago', or "
                 "of this day or before, as 2026-11-24, yesterday or monday; or a snapshot's id");
}

void declare_selection(base::Options& declared, SelectionOptions& selection) {
  declared.values("--folder", selection.folders, "GLOB",
                  "Folders by glob: * crosses levels, ? is one character within a level; %2A and "
                  "%3F match * and ? themselves");
  declared.flag("--subfolders", selection.subfolders, "Include the folders below those");
  declared.values("--message", selection.messages, "ID", "Messages by id, or the beginning of one");
  declare_at(declared, selection.at);
  declared.value("--query", selection.query, "QUERY", "Messages that a search finds");
  declared.value("--since", selection.since, "TIME",
                 "Messages from this time on, or from a snapshot's time on, by INTERNALDATE");
  declared.value("--before", selection.before, "TIME",
                 "Messages from before this time, or a snapshot's time");
  declared.flag("--missing", selection.missing,
                "Only messages that the account no longer has in any folder; backs it up first");
  declared.value("--selection", selection.file, "FILE",
                 "The whole selection as a JSON document, with exact folder names; - reads stdin");
  declared.make_exclusive("--selection");
}

void declare_progress(base::Options& declared, std::optional<std::uint32_t>& descriptor) {
  declared.value("--progress-fd", descriptor, "N",
                 "Report progress as lines of JSON on this descriptor, a pipe or a socket");
}

SelectionOptions given_selection(const SelectionOptions& options) {
  return options.file.empty() ? options : read_selection(options.file);
}

}  // namespace restore
