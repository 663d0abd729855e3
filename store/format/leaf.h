// Up to 64 messages of a folder, in two objects: their identities, and their states
// (docs/pack-format.md, "Leaves"). Equal content has equal bytes.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/mail/uid.h"
#include "base/mail/zoned_time.h"
#include "store/format/object_id.h"

namespace store {

struct Keys;

struct Identity {
  base::Uid uid;
  MessageId message;
  Sha256 digest;
  std::optional<base::ZonedTime> internal_date;  // nullopt: unknown
  std::uint64_t size = 0;
  std::string server_id = {};
  bool operator==(const Identity&) const = default;
};

// Numbers the sets of flags, because a folder of many messages has few of them.
class FlagSets {
 public:
  using Number = std::uint32_t;
  Number number(const std::vector<std::string>& flags);  // the caller has sorted them
  const std::vector<std::string>& flags(Number number) const { return *sets_.at(number); }

 private:
  std::map<std::vector<std::string>, Number> numbers_;
  std::vector<const std::vector<std::string>*> sets_;
};

struct State {
  FlagSets::Number flags = 0;
  std::uint64_t modseq = 0;
  bool operator==(const State&) const = default;
};

// Makes a message's id from its digest, with the store's keys.
using MakeId = std::function<MessageId(const Sha256&)>;

// `keys` must outlive what it returns.
MakeId ids_with(const Keys& keys);

// In ascending UID order. Fails with kInternal if a message's id does not match its digest, and
// with Unstorable.
base::Bytes encode_identities(const std::vector<Identity>& identities, const MakeId& make_id);
std::vector<Identity> decode_identities(base::ByteView bytes, const MakeId& make_id);

// The same without the messages' ids, which take longer to compute than everything else.
std::vector<Identity> decode_identities_without_ids(base::ByteView bytes);

// In the order of the identities. Fails with Unstorable.
base::Bytes encode_states(const std::vector<State>& states, const FlagSets& sets);
std::vector<State> decode_states(base::ByteView bytes, FlagSets& sets);

}  // namespace store
