// The reader in Python that was written from docs/pack-format.md alone, and the store that it
// reads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/process.h"
#include "tests/long_run.h"
#include "tests/store/message/mime_generator.h"
#include "tests/store/store_fixture.h"
#include "tests/text_of.h"

namespace store {

class PythonReader : public StoreFixture {
 protected:
  PythonReader() { make_store(); }

  std::string run(const std::vector<std::string>& arguments) {
    // Needs Debian's python3-nacl and python3-zstandard, so no other Python will do.
    std::vector<std::string> command{"/usr/bin/python3", "-B", MAILSTOW_READER,
                                     location_.store.string(), key_};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return base::output_of(command, std::size_t{64} << 20U);
  }

  nlohmann::json list() { return nlohmann::json::parse(run({"list"})); }

  // Every message that the reader finds, by its id.
  std::map<std::string, std::string> extract() {
    const base::Path out = directory_ / ("out" + std::to_string(++extracted_));
    std::filesystem::create_directory(out);
    run({"extract", out.string()});
    std::map<std::string, std::string> messages;
    for (const auto& entry : std::filesystem::directory_iterator(out)) {
      messages[entry.path().filename().string()] = tests::text_of(entry.path());
    }
    return messages;
  }

  void put(Writer& writer, FolderDraft& draft, std::uint32_t uid, const std::string& text,
           std::vector<std::string> flags = {}) {
    const StoredMessage stored = add_message(writer, text);
    MessageEntry entry = entry_of(uid, stored, std::move(flags), std::uint64_t{uid % 5} * 1'000);
    entry.internal_date->instant -= std::chrono::hours(std::int64_t{uid % 7} * 100'000);
    entry.internal_date->zone_minutes =
        static_cast<std::int16_t>(static_cast<int>(uid % 3) * 330 - 210);
    if (uid % 2 == 0) entry.server_id = "M" + std::to_string(uid);
    draft.put(entry, stored.digest);
    stored_[stored.id.object.hex()] = text;
  }

  // Sparse UIDs, so that the tree has several levels, and mail of every shape.
  FolderRecord add_varied_folder(Writer& writer) {
    FolderDraft draft(folder_named("Archive & more"));
    draft.info().skipped = {{.uid = {3}, .reason = "the server sent no body"}};
    draft.info().attributes = {"\\HasNoChildren"};
    draft.info().highest_modseq = 99;
    const std::uint32_t count = tests::is_long_run() ? 300 : 180;
    for (std::uint32_t i = 0; i < count; ++i) {
      tests::MimeGenerator generator(i);
      put(writer, draft, i < 120 ? 1 + i : i * 100'003, generator.message(),
          i % 2 == 0 ? std::vector<std::string>{"$Label", "\\Seen"} : std::vector<std::string>{});
    }
    return writer.seal(draft);
  }

  // A folder as the reader's list should show it.
  static nlohmann::json as_listed(Reader& reader, const FolderRecord& folder) {
    nlohmann::json messages = nlohmann::json::array();
    reader.for_each_message(folder, [&](const MessageEntry& entry) {
      messages.push_back({{"uid", entry.uid.value},
                          {"name", entry.message.object.hex()},
                          {"digest", reader.digest(entry.message).hex()},
                          {"size", entry.size},
                          {"date", entry.internal_date.value().instant.time_since_epoch().count()},
                          {"zone", entry.internal_date.value().zone_minutes},
                          {"server_id", entry.server_id},
                          {"flags", entry.flags},
                          {"modseq", entry.modseq}});
    });
    return messages;
  }

  std::map<std::string, std::string> stored_;
  std::string key_ = location_.key_file.string();

 private:
  int extracted_ = 0;
};

}  // namespace store
