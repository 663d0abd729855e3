// A store's master key on paper: what opens it when every key file and key slot is lost. Lines of
// hex digits in groups, each with a checksum of its own, so that a slip in typing is found where it
// is.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/secret.h"
#include "store/keys/key_slot.h"

namespace store {

base::Secret format_key_export(const OpenedStore& opened);

// Spaces, hyphens and the case of digits don't matter, lines that begin with # are for people.
// Fails with kKey, naming the line that is wrong or missing.
OpenedStore parse_key_export(base::ByteView text);

}  // namespace store
