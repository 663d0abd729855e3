// The words of a text, for the search index and for queries: both sides must divide and fold a text
// alike. FTS5 gets plain words with a blank between them and leaves them as they are.
#pragma once

#include <string>
#include <string_view>

namespace store {

// The words of `text` with one blank between them, without case and accents (base::fold_letters).
// Each character of a script that is written without blanks between words (Chinese, Japanese, Thai,
// Lao, Khmer, Burmese, Javanese and others), or that appends endings to them (Korean), is a word,
// so that any run of them is found as a phrase. Empty if the text has only signs and blanks.
std::string search_words(std::string_view text);

}  // namespace store
