// COMPRESS=DEFLATE (RFC 4978): a Transport that compresses both directions of another.
#pragma once

#include <cstddef>
#include <memory>

#include "base/bytes.h"
#include "imap/transport.h"

namespace imap {

// `received`: compressed bytes that already arrived after the server's OK. Input is inflated only
// into the caller's buffer, so a small response can't expand to fill memory. Fails with kProtocol
// if the input is not a deflate stream, and as `inner` does.
std::unique_ptr<Transport> deflated(std::unique_ptr<Transport> inner, base::ByteView received);

}  // namespace imap
