// COMPRESS=DEFLATE (RFC 4978): a Transport whose bytes are compressed both ways on their way over
// another.
#pragma once

#include <cstddef>
#include <memory>

#include "base/bytes.h"
#include "imap/transport.h"

namespace imap {

// `received`: what came behind the server's OK already; it is compressed. What comes is inflated
// into the caller's buffer and nowhere else, so a small answer can't grow into a large memory.
// Fails with kProtocol on what is no compressed stream, and as `inner` does.
std::unique_ptr<Transport> deflated(std::unique_ptr<Transport> inner, base::ByteView received);

}  // namespace imap
