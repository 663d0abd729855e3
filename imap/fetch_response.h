// Reads FETCH answers, their bodies streamed. For read_response() alone.
#pragma once

#include "imap/lexer.h"
#include "imap/response.h"

namespace imap {

// Begins behind the word FETCH.
FetchResponse read_fetch_response(Lexer& lexer, std::uint32_t sequence_number, BodySink& bodies);

}  // namespace imap
