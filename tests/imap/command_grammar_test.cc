// Whatever a server, a store or a user supplies, a command's bytes parse back to the words that
// were given, by the grammar of RFC 9051, or the word is refused. The parser here shares no code
// with mailstow's.
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "imap/command.h"
#include "imap/flag.h"

namespace imap {
namespace {

using testing::ElementsAre;

enum class Form { kAtom, kString, kOpen, kClose };

struct Word {
  Form form = Form::kAtom;
  std::string text;
  bool operator==(const Word&) const = default;
};

using Words = std::vector<Word>;

// Reads one command, without its tag. Returns nullopt if the bytes are not exactly one.
class Parser {
 public:
  explicit Parser(std::string_view bytes) : bytes_(bytes) {}

  std::optional<Words> parse() {
    Words words;
    int depth = 0;
    for (bool is_first = true;; is_first = false) {
      if (take("\r\n")) {
        return depth == 0 && bytes_.empty() ? std::optional(words) : std::nullopt;
      }
      if (take(")")) {
        if (--depth < 0) return std::nullopt;
        words.push_back({Form::kClose, ")"});
        continue;
      }
      const bool is_after_open = !words.empty() && words.back().form == Form::kOpen;
      if (!is_first && !is_after_open && !take(" ")) return std::nullopt;
      if (take("(")) {
        ++depth;
        words.push_back({Form::kOpen, "("});
        continue;
      }
      const std::optional<Word> word = next();
      if (!word) return std::nullopt;
      words.push_back(*word);
    }
  }

 private:
  bool take(std::string_view expected) {
    if (!bytes_.starts_with(expected)) return false;
    bytes_.remove_prefix(expected.size());
    return true;
  }

  std::optional<Word> next() {
    if (take("\"")) return quoted();
    if (bytes_.starts_with("{") || bytes_.starts_with("~{")) return literal();
    // An atom, a flag or a sequence set: no byte that ends a word.
    const std::size_t end = bytes_.find_first_of(" ()\r\n\"{");
    Word word{Form::kAtom, std::string(bytes_.substr(0, end))};
    bytes_.remove_prefix(word.text.size());
    for (const char byte : word.text) {
      if (byte <= 0x20 || byte >= 0x7F) return std::nullopt;
    }
    return word.text.empty() ? std::nullopt : std::optional(word);
  }

  std::optional<Word> quoted() {
    Word word{Form::kString, {}};
    while (!take("\"")) {
      const bool is_escaped = take("\\");
      if (bytes_.empty()) return std::nullopt;
      const char byte = bytes_.front();
      bytes_.remove_prefix(1);
      if (byte < 0x20 || byte >= 0x7F) return std::nullopt;
      if (is_escaped && byte != '"' && byte != '\\') return std::nullopt;
      word.text += byte;
    }
    return word;
  }

  std::optional<Word> literal() {
    const bool is_binary = take("~");
    take("{");
    std::size_t size = 0;
    std::size_t digits = 0;
    for (; !bytes_.empty() && bytes_.front() >= '0' && bytes_.front() <= '9'; ++digits) {
      size = size * 10 + static_cast<std::size_t>(bytes_.front() - '0');
      bytes_.remove_prefix(1);
    }
    take("+");
    if (digits == 0 || !take("}\r\n") || size > bytes_.size()) return std::nullopt;
    Word word{Form::kString, std::string(bytes_.substr(0, size))};
    bytes_.remove_prefix(size);
    const bool has_nul = word.text.find('\0') != std::string::npos;
    return has_nul && !is_binary ? std::nullopt : std::optional(word);
  }

  std::string_view bytes_;
};

std::string bytes_of(Command command) {
  std::string bytes;
  for (const Command::Part& part : std::move(command).take_parts()) {
    bytes += part.text;
    bytes += part.borrowed.empty() ? part.owned : base::as_text(part.borrowed);
  }
  return bytes;
}

std::optional<Words> words_of(Command command) {
  return Parser(bytes_of(std::move(command))).parse();
}

Command command_of(FixedText verb) {
  return {verb, LiteralMode::kPlus};
}

// Any bytes, and often those that have a meaning in IMAP.
rc::Gen<std::string> any_text() {
  const std::string special("ab1 ()[]{}+~%*\"\\\r\n\x00\x01\x7F\x80\xFF", 23);
  return rc::gen::oneOf(rc::gen::arbitrary<std::string>(),
                        rc::gen::container<std::string>(rc::gen::elementOf(special)),
                        rc::gen::container<std::string>(rc::gen::elementOf(std::string("abc$"))));
}

// Flags that fit into a line together.
rc::Gen<std::vector<std::string>> any_flags() {
  return rc::gen::suchThat(rc::gen::container<std::vector<std::string>>(any_text()),
                           [](const std::vector<std::string>& flags) {
                             std::size_t bytes = 0;
                             for (const std::string& flag : flags) bytes += flag.size() + 1;
                             return bytes < kMaxSentFlags;
                           });
}

void append_flags(Words& words, const std::vector<std::string>& flags) {
  words.push_back({Form::kOpen, "("});
  for (const std::string& flag : flags) {
    if (can_be_sent(flag)) words.push_back({Form::kAtom, flag});
  }
  words.push_back({Form::kClose, ")"});
}

RC_GTEST_PROP(CommandGrammarTest, StringsParseBackOrAreRefused, ()) {
  const std::string first = *any_text();
  const std::string second = *any_text();
  std::optional<Words> words;
  try {
    words = words_of(command_of("RENAME").string(first).string(second));
  } catch (const base::Error& error) {
    RC_ASSERT(error.code() == base::ErrorCode::kRefused);
    RC_ASSERT(!can_be_a_string(first) || !can_be_a_string(second));
    return;
  }
  RC_ASSERT(words.has_value());
  const Words expected = {{Form::kAtom, "RENAME"}, {Form::kString, first}, {Form::kString, second}};
  RC_ASSERT(*words == expected);
}

RC_GTEST_PROP(CommandGrammarTest, FlagsParseBackOrAreLeftOut, ()) {
  const auto flags = *any_flags();
  const auto words = words_of(command_of("STORE").flags(flags).text("x"));
  RC_ASSERT(words.has_value());
  Words expected = {{Form::kAtom, "STORE"}};
  append_flags(expected, flags);
  expected.push_back({Form::kAtom, "x"});
  RC_ASSERT(*words == expected);
}

RC_GTEST_PROP(CommandGrammarTest, SpecialUsesParseBackOrAreLeftOut, ()) {
  const auto uses = *any_flags();
  const auto words = words_of(command_of("CREATE").string("a").uses(uses));
  RC_ASSERT(words.has_value());
  Words expected = {{Form::kAtom, "CREATE"}, {Form::kString, "a"}};
  if (std::ranges::any_of(uses, can_be_sent)) {
    expected.push_back({Form::kOpen, "("});
    expected.push_back({Form::kAtom, "USE"});
    append_flags(expected, uses);
    expected.push_back({Form::kClose, ")"});
  }
  RC_ASSERT(*words == expected);
}

RC_GTEST_PROP(CommandGrammarTest, QuotaNamesParseBackOrAreRefused, ()) {
  const std::string root = *any_text();
  const std::string name = *any_text();
  const auto limit = *rc::gen::arbitrary<std::uint64_t>();
  const std::vector<QuotaResource> limits = {{name, 0, limit}};
  std::optional<Words> words;
  try {
    words = words_of(command_of("SETQUOTA").string(root).limits(limits));
  } catch (const base::Error& error) {
    RC_ASSERT(error.code() == base::ErrorCode::kRefused);
    RC_ASSERT(!can_be_a_string(root) || !is_atom(name));
    return;
  }
  RC_ASSERT(words.has_value());
  const Words expected = {{Form::kAtom, "SETQUOTA"},
                          {Form::kString, root},
                          {Form::kOpen, "("},
                          {Form::kAtom, name},
                          {Form::kAtom, std::to_string(limit)},
                          {Form::kClose, ")"}};
  RC_ASSERT(*words == expected);
}

RC_GTEST_PROP(CommandGrammarTest, MessagesParseBack, ()) {
  const auto flags = *any_flags();
  std::string text = *any_text();
  const auto seconds = *rc::gen::arbitrary<std::int64_t>();
  const auto zone = *rc::gen::arbitrary<std::int16_t>();
  constexpr std::int64_t kMaxSeconds = 300'000'000'000;  // some 9,500 years
  const std::chrono::sys_seconds date{std::chrono::seconds(seconds % kMaxSeconds)};
  const Capabilities capabilities({"BINARY", "LITERAL+"});
  const AppendMessage message{flags, base::ZonedTime{date, zone}, base::as_bytes(text)};
  const auto words =
      words_of(command_of("APPEND").string("a").message(message, capabilities, false));
  RC_ASSERT(words.has_value());
  Words expected = {{Form::kAtom, "APPEND"}, {Form::kString, "a"}};
  append_flags(expected, flags);
  RC_ASSERT(words->size() == expected.size() + 2);
  RC_ASSERT(Words(words->begin(), words->end() - 2) == expected);
  const Word given_date = words->at(expected.size());
  RC_ASSERT(given_date.form == Form::kString && given_date.text.size() == 26);
  RC_ASSERT(words->back() == (Word{Form::kString, text}));
}

RC_GTEST_PROP(CommandGrammarTest, SetsParseBack, ()) {
  const auto numbers = *rc::gen::container<std::vector<std::uint32_t>>(
      rc::gen::oneOf(rc::gen::arbitrary<std::uint32_t>(), rc::gen::inRange<std::uint32_t>(0, 20)));
  UidSet uids;
  for (const std::uint32_t number : numbers) {
    if (number > 0) uids.add(base::Uid{number});
  }
  RC_PRE(!uids.empty());
  const auto words = words_of(command_of("UID FETCH").uids(uids).changed_since(numbers.front()));
  RC_ASSERT(words.has_value());
  RC_ASSERT(words->at(2).form == Form::kAtom);
  RC_ASSERT(UidSet::parse(words->at(2).text) == std::optional(uids));
}

TEST(CommandGrammarTest, EveryByteInAString) {
  for (int byte = 1; byte < 256; ++byte) {
    const std::string name = "a" + std::string(1, static_cast<char>(byte)) + "b";
    const auto words = words_of(command_of("CREATE").string(name));
    ASSERT_TRUE(words) << byte;
    EXPECT_THAT(*words, ElementsAre(Word{Form::kAtom, "CREATE"}, Word{Form::kString, name}));
  }
  EXPECT_FALSE(can_be_a_string(std::string("a\0b", 3)));
}

TEST(CommandGrammarTest, AnEmptySetIsRefused) {
  EXPECT_THROW(command_of("UID FETCH").uids({}), base::Error);
}

TEST(CommandGrammarTest, TheFlagsOfAMessageFitIntoALine) {
  std::vector<std::string> flags;
  for (int number = 0; number < 1000; ++number) flags.push_back("keyword" + std::to_string(number));
  const std::string bytes = bytes_of(command_of("STORE").flags(flags));
  EXPECT_LE(bytes.size(), kMaxSentFlags + 20);
  EXPECT_GE(bytes.size(), kMaxSentFlags - 20);
  EXPECT_TRUE(Parser(bytes).parse());
}

}  // namespace
}  // namespace imap
