// A store, a copy of it in a directory, and what can be restored from either.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/copies/copy_directory.h"
#include "store/copies/copying.h"
#include "store/format/layout.h"
#include "tests/store/maintenance/prune_fixture.h"

namespace store {

class CopyingFixture : public PruneFixture {
 protected:
  using PruneFixture::PruneFixture;

  // The messages of each snapshot, by account, in the order in which the snapshots were made.
  using Content = std::map<std::string, std::vector<std::vector<std::string>>>;

  CopyingReport copy(const CopyingOptions& options = {}) {
    const OpenedCopy directory = open_copy_directory(copy_, files_, ExpectedCopy::kMayBeNew);
    return copy_store(location_, files_, *directory.storage, options);
  }

  // Snapshots of 1, 2, ... messages, each with a commit of its own.
  std::vector<SnapshotInfo> back_up_nights(const std::string& account, unsigned nights) {
    std::vector<SnapshotInfo> snapshots;
    Writer writer = open_writer();
    for (unsigned night = 1; night <= nights; ++night) {
      snapshots.push_back(
          add_snapshot(writer, account, {add_folder(writer, "INBOX", samples(0, night))}));
      writer.commit();
    }
    return snapshots;
  }

  static Content content_of(Reader& reader) {
    Content content;
    for (const std::string& account : reader.accounts()) {
      for (const SnapshotInfo& snapshot : reader.snapshots(account)) {
        std::vector<std::string>& messages = content[account].emplace_back();
        for (const FolderRecord& folder : reader.folders(snapshot)) {
          reader.for_each_message(folder, [&](const MessageEntry& entry) {
            messages.push_back(base::to_text(reader.read_message(entry.message).bytes()));
          });
        }
      }
    }
    return content;
  }

  Content content() {
    Reader reader = open_reader();
    return content_of(reader);
  }

  // The copy as another machine sees it: with the key, and nothing else.
  Location location_of_copy() const {
    const base::Path machine = directory_ / "other-machine";
    std::filesystem::create_directories(machine);
    std::filesystem::copy_file(location_.key_file, machine / "store.key",
                               std::filesystem::copy_options::overwrite_existing);
    return {.store = copy_,
            .index = machine / "index",
            .key_file = machine / "store.key",
            .has_own_index = true};
  }

  Content copied_content() {
    const Location location = location_of_copy();
    std::filesystem::remove_all(location.index);
    Reader reader = Reader::open(location, files_);
    return content_of(reader);
  }

  std::vector<std::string> copied_keys(std::string_view area) const {
    return files_.list(copy_ / area);
  }

  const base::Path copy_ = directory_ / "elsewhere";
};

}  // namespace store
