// Reads FETCH responses; bodies are streamed. Only for read_response().
#pragma once

#include "imap/lexer.h"
#include "imap/response.h"

namespace imap {

// Starts reading after the word FETCH.
FetchResponse read_fetch_response(Lexer& lexer, std::uint32_t sequence_number, BodySink& bodies);

}  // namespace imap
