// A store's master key on paper: opens the store when every key file and key slot is lost. Lines of
// hex digits in groups, each with a checksum of its own, so that a typing error is located.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/secret.h"
#include "store/keys/key_slot.h"

namespace store {

base::Secret format_key_export(const OpenedStore& opened);

// Ignores spaces, hyphens, the case of digits, and comment lines that begin with #. Fails with
// kKey, naming the wrong or missing line.
OpenedStore parse_key_export(base::ByteView text);

}  // namespace store
