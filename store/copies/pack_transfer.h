// Sends one pack from a store to a copy.
#pragma once

#include <cstdint>
#include <string>

#include "store/format/pack.h"
#include "store/storage/storage.h"

namespace store {

struct SentPack {
  std::uint64_t bytes = 0;
  // Why the store does not have the pack as it was written: then nothing was sent.
  std::string trouble;
};

// Reads the pack once and publishes it if its digest is its name. In memory are 16 MiB at a time.
// Fails like the copy, and like the store if that does not answer.
SentPack send_pack(Storage& store, Storage& copy, const PackName& name);

// Whether a pack of the store has a commit in it, so that its appearance is a commit. Fails like
// PackFile.
bool holds_commit(Storage& store, const BlockContext& context, const PackName& name);

}  // namespace store
