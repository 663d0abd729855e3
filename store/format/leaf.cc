#include "store/format/leaf.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "store/format/crypto.h"
#include "store/format/encoding.h"
#include "store/format/verified.h"

namespace store {

namespace {

// A zone offset that no date has (it is a whole day): the date is unknown. Readers of earlier
// versions show 1970.
constexpr std::int16_t kUnknownDate = 1440;

std::int64_t instant(const Identity& identity) {
  return identity.internal_date ? identity.internal_date->instant.time_since_epoch().count() : 0;
}

// Differences wrap around, so that every pair of numbers has one.
std::int64_t difference(std::uint64_t a, std::uint64_t b) {
  return static_cast<std::int64_t>(a - b);
}

std::uint64_t advance(std::uint64_t from, std::int64_t by) {
  return from + static_cast<std::uint64_t>(by);
}

// A message's id is made from its digest, which is compared.
bool is_same_but_for_id(const Identity& a, const Identity& b) {
  return a.uid == b.uid && a.digest == b.digest && a.internal_date == b.internal_date &&
         a.size == b.size && a.server_id == b.server_id;
}

}  // namespace

FlagSets::Number FlagSets::number(const std::vector<std::string>& flags) {
  const auto [found, is_new] = numbers_.try_emplace(flags, static_cast<Number>(sets_.size()));
  if (is_new) sets_.push_back(&found->first);
  return found->second;
}

MakeId ids_with(const Keys& keys) {
  return [&keys](const Sha256& digest) { return message_id(keys, digest); };
}

// Column by column: similar values compress well together.
base::Bytes encode_identities(const std::vector<Identity>& identities, const MakeId& make_id) {
  Encoder encoder;
  encoder.varint(identities.size());
  std::uint32_t uid = 0;
  for (const Identity& identity : identities) {
    encoder.varint(identity.uid.value - uid);
    uid = identity.uid.value;
  }
  for (const Identity& identity : identities) encoder.varint(identity.size);
  std::uint64_t time = 0;
  for (const Identity& identity : identities) {
    const auto now = static_cast<std::uint64_t>(instant(identity));
    encoder.signed_varint(difference(now, time));
    time = now;
  }
  for (const Identity& identity : identities) {
    encoder.signed_varint(identity.internal_date ? identity.internal_date->zone_minutes
                                                 : kUnknownDate);
  }
  for (const Identity& identity : identities) {
    if (make_id(identity.digest) != identity.message) {
      base::fail(base::ErrorCode::kInternal, "write a leaf: UID {}: the digest is not message {}'s",
                 identity.uid.value, identity.message.object.hex());
    }
    encoder.raw(identity.digest.bytes);
  }
  const bool has_server_ids = std::ranges::any_of(
      identities, [](const Identity& identity) { return !identity.server_id.empty(); });
  encoder.u8(has_server_ids ? 1 : 0);
  if (has_server_ids) {
    for (const Identity& identity : identities) encoder.text(identity.server_id);
  }
  return verified("an identity leaf", encoder.take(), [&](base::ByteView bytes) {
    return std::ranges::equal(decode_identities_without_ids(bytes), identities, is_same_but_for_id);
  });
}

std::vector<Identity> decode_identities(base::ByteView bytes, const MakeId& make_id) {
  std::vector<Identity> identities = decode_identities_without_ids(bytes);
  for (Identity& identity : identities) identity.message = make_id(identity.digest);
  return identities;
}

std::vector<Identity> decode_identities_without_ids(base::ByteView bytes) {
  Decoder decoder(bytes, "an identity leaf");
  std::vector<Identity> identities(decoder.count(sizeof(Sha256) + 4));
  std::uint64_t uid = 0;
  for (Identity& identity : identities) {
    const std::uint64_t step = decoder.varint(UINT32_MAX - uid);
    if (step == 0) decoder.malformed("its UIDs don't ascend");
    uid += step;
    identity.uid = {static_cast<std::uint32_t>(uid)};
  }
  for (Identity& identity : identities) identity.size = decoder.varint();
  std::uint64_t time = 0;
  for (Identity& identity : identities) {
    time = advance(time, decoder.signed_varint());
    identity.internal_date = base::ZonedTime{
        std::chrono::sys_seconds(std::chrono::seconds(static_cast<std::int64_t>(time)))};
  }
  for (Identity& identity : identities) {
    const auto zone = static_cast<std::int16_t>(decoder.signed_varint());
    if (zone == kUnknownDate) {
      identity.internal_date.reset();
    } else {
      identity.internal_date->zone_minutes = zone;
    }
  }
  for (Identity& identity : identities) identity.digest = decoder.sha256();
  if (decoder.varint(1) != 0) {
    for (Identity& identity : identities) identity.server_id = decoder.text();
  }
  decoder.end();
  return identities;
}

base::Bytes encode_states(const std::vector<State>& states, const FlagSets& sets) {
  std::set<std::string> names;
  std::map<FlagSets::Number, std::size_t> places;
  std::vector<FlagSets::Number> used;
  for (const State& state : states) {
    if (!places.try_emplace(state.flags, used.size()).second) continue;
    used.push_back(state.flags);
    for (const std::string& flag : sets.flags(state.flags)) names.insert(flag);
  }
  Encoder encoder;
  encoder.varint(states.size());
  encoder.varint(names.size());
  for (const std::string& name : names) encoder.text(name);
  encoder.varint(used.size());
  for (const FlagSets::Number number : used) {
    const std::vector<std::string>& flags = sets.flags(number);
    encoder.varint(flags.size());
    for (const std::string& flag : flags) {
      encoder.varint(static_cast<std::uint64_t>(std::distance(names.begin(), names.find(flag))));
    }
  }
  for (const State& state : states) encoder.varint(places.at(state.flags));
  std::uint64_t modseq = 0;
  for (const State& state : states) {
    encoder.signed_varint(difference(state.modseq, modseq));
    modseq = state.modseq;
  }
  return verified("a state leaf", encoder.take(), [&](base::ByteView bytes) {
    FlagSets read_sets;
    return std::ranges::equal(decode_states(bytes, read_sets), states,
                              [&](const State& read, const State& state) {
                                return read.modseq == state.modseq &&
                                       read_sets.flags(read.flags) == sets.flags(state.flags);
                              });
  });
}

std::vector<State> decode_states(base::ByteView bytes, FlagSets& sets) {
  Decoder decoder(bytes, "a state leaf");
  std::vector<State> states(decoder.count(2));
  std::vector<std::string> names(decoder.count(1));
  for (std::string& name : names) name = decoder.text();
  std::vector<FlagSets::Number> used(decoder.count(1));
  for (FlagSets::Number& number : used) {
    std::vector<std::string> flags(decoder.count(1));
    for (std::string& flag : flags) {
      const std::uint64_t name = decoder.varint();
      if (name >= names.size()) decoder.malformed("a flag has no name");
      flag = names[static_cast<std::size_t>(name)];
    }
    number = sets.number(flags);
  }
  for (State& state : states) {
    const std::uint64_t place = decoder.varint();
    if (place >= used.size()) decoder.malformed("flags are missing");
    state.flags = used[static_cast<std::size_t>(place)];
  }
  std::uint64_t modseq = 0;
  for (State& state : states) {
    modseq = advance(modseq, decoder.signed_varint());
    state.modseq = modseq;
  }
  decoder.end();
  return states;
}

}  // namespace store
