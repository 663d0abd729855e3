// The messages of one account by the id that its server gives them (EMAILID, X-GM-MSGID): a message
// that was moved or copied, or got another label, need not be fetched again.
//
// Used by one account's pass, with the turn at the store. Messages that can't be read are not
// known.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "store/folder_draft.h"
#include "store/format/snapshot.h"
#include "store/reader.h"

namespace backupd {

class KnownMessages {
 public:
  // `reader` must outlive this.
  explicit KnownMessages(store::Reader& reader) : reader_(reader) {}

  // Adds the messages of `folder`, as it was or as it is; adding it again has no effect. Takes 16
  // bytes of memory per message.
  void add(const store::FolderRecord& folder);

  // Whether different messages have this id: then it identifies none of them.
  bool is_ambiguous(std::string_view server_id);

  struct Known {
    store::MessageEntry entry;
    store::Sha256 digest;
  };

  // Finds a message of this id, size and date: the id alone is not trusted. A date that is unknown
  // (nullopt) agrees only with one that is recorded as unknown.
  std::optional<Known> find(std::string_view server_id, std::uint64_t size,
                            const std::optional<base::ZonedTime>& date);

 private:
  struct Place {
    std::uint64_t hash = 0;
    std::uint32_t folder = 0;  // index into folders_
    base::Uid uid;
    auto operator<=>(const Place&) const = default;
  };
  struct Folder {
    store::FolderRecord record;
    std::optional<store::FolderDraft> draft;  // opened when something in it was found
  };

  std::optional<Known> read(const Place& place);
  void sort();

  store::Reader& reader_;
  std::set<store::ObjectId> added_;
  std::vector<Folder> folders_;
  std::vector<Place> places_;
  std::size_t sorted_ = 0;  // the number of places that are sorted; those after them are not
};

}  // namespace backupd
