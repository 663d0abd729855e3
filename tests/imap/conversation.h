// Runs whole conversations between a session and a transcript.
#pragma once

#include "imap/session.h"
#include "tests/expect_error.h"
#include "tests/imap/scripted_transport.h"

namespace imap {

// Runs the conversation in `work` with the bytes delivered at once, in pieces, and byte by byte.
template <typename Work>
void converse(const Transcript& transcript, Work work) {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{1} << 20U}) {
    Session session(scripted(transcript, {.piece = piece}), {});
    work(session);
  }
}

// Also runs it with the connection lost anywhere before the end: it must fail.
template <typename Work>
void converse_and_cut(const Transcript& transcript, Work work) {
  converse(transcript, work);
  const auto converse_until = [&](std::size_t cut) {
    Session session(scripted(transcript, {.cut = cut}), {});
    work(session);
  };
  for (std::size_t cut = 0; cut < transcript.server_bytes(); ++cut) {
    EXPECT_ERROR(kNetwork, "lost", converse_until(cut));
  }
}

}  // namespace imap
