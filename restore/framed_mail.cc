#include "restore/framed_mail.h"

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json_text.h"
#include "restore/fresh_pass.h"
#include "restore/output.h"
#include "store/format/location.h"
#include "store/message_places.h"
#include "store/reader.h"

namespace restore {

namespace {

using nlohmann::ordered_json;

constexpr std::uint64_t kMaxAtOnce = 32U << 20U;  // bytes of messages in memory

void print_frame(const ordered_json& head, const store::MessageBytes& bytes) {
  base::print_result(base::json_line(head) + "\n");
  bytes.for_each_piece([](base::ByteView piece) { base::print_result(base::as_text(piece)); });
}

class FramedSelection {
 public:
  FramedSelection(const base::Environment& environment, const std::string& account,
                  const SelectionOptions& options)
      : reader_(
            store::Reader::open(store::location_of(environment.config.store), environment.files)),
        selection_(select(environment, reader_, account,
                          with_fresh_pass(environment, reader_, account, options))) {}

  base::ExitStatus print_sizes(base::OutputFormat format, const std::string& account) const {
    std::uint64_t messages = 0;
    std::uint64_t bytes = 0;
    auto folders = ordered_json::array();
    for (const SelectedFolder& folder : selection_.folders) {
      if (folder.messages.empty()) continue;
      std::uint64_t of_folder = 0;
      for (const store::MessageEntry& entry : folder.messages) of_folder += entry.size;
      folders.push_back(
          {{"folder", folder.name}, {"messages", folder.messages.size()}, {"bytes", of_folder}});
      messages += folder.messages.size();
      bytes += of_folder;
    }
    ordered_json document = {{"account", account}};
    add_origin(document, {selection_.snapshot, selection_.passed_over});
    document["undated"] = selection_.undated;
    document["messages"] = messages;
    document["bytes"] = bytes;
    document["folders"] = std::move(folders);
    restore::print(format, document, "");
    return base::ExitStatus::kDone;
  }

  base::ExitStatus print() {
    for (const SelectedFolder& folder : selection_.folders) {
      // In the order of their UIDs, a part at a time.
      for (std::size_t begin = 0; begin < folder.messages.size();) {
        std::size_t end = begin;
        for (std::uint64_t bytes = 0; end < folder.messages.size(); ++end) {
          bytes += folder.messages[end].size;
          if (end > begin && bytes > kMaxAtOnce) break;
        }
        print_part(folder.name, std::span(folder.messages).subspan(begin, end - begin));
        begin = end;
      }
    }
    print_frame({{"end", true}, {"messages", messages_}, {"damaged", damaged_}}, {});
    return damaged_ == 0 ? base::ExitStatus::kDone : base::ExitStatus::kDamaged;
  }

 private:
  void print_part(const std::string& folder, std::span<const store::MessageEntry> entries) {
    std::vector<store::MessageId> ids;
    ids.reserve(entries.size());
    for (const store::MessageEntry& entry : entries) ids.push_back(entry.message);
    std::vector<std::optional<store::MessageBytes>> messages(entries.size());
    std::vector<std::string> reasons(entries.size());
    reader_.read_messages(
        ids, [&](std::size_t at, const store::MessageBytes& bytes) { messages[at] = bytes; },
        [&](std::size_t at, const base::Error& why) { reasons[at] = why.what(); });
    for (std::size_t at = 0; at < entries.size(); ++at) {
      const store::MessageEntry& entry = entries[at];
      ordered_json head = {{"folder", folder},
                           {"uid", entry.uid.value},
                           {"message", entry.message.object.hex()},
                           {"internal_date", date_json(entry.internal_date)},
                           {"flags", entry.flags}};
      if (messages[at]) {
        head["size"] = messages[at]->size();
        print_frame(head, *messages[at]);
        ++messages_;
      } else {
        head["damaged"] = reasons[at];
        print_frame(head, {});
        ++damaged_;
      }
      messages[at].reset();
    }
  }

  store::Reader reader_;
  Selection selection_;
  std::uint64_t messages_ = 0;
  std::uint64_t damaged_ = 0;
};

}  // namespace

base::ExitStatus print_framed_message(const base::Environment& environment,
                                      const std::string& account, const std::string& id) {
  store::Reader reader =
      store::Reader::open(store::location_of(environment.config.store), environment.files);
  const auto places = store::find_message(reader, account, id, store::PlacesWanted::kOne);
  if (!places) {
    base::fail(base::ErrorCode::kNotFound, "message: the account has none with this id");
  }
  // It is compared with its id before the first byte is printed.
  const store::MessageBytes bytes = reader.read_message(places->message);
  print_frame({{"size", bytes.size()}}, bytes);
  return base::ExitStatus::kDone;
}

base::ExitStatus print_selection_sizes(const base::Environment& environment,
                                       const std::string& account,
                                       const SelectionOptions& selection) {
  return FramedSelection(environment, account, selection).print_sizes(environment.format, account);
}

base::ExitStatus print_framed_selection(const base::Environment& environment,
                                        const std::string& account,
                                        const SelectionOptions& selection) {
  return FramedSelection(environment, account, selection).print();
}

}  // namespace restore
