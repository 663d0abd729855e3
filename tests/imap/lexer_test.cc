#include "imap/lexer.h"

#include "tests/expect_error.h"
#include "tests/imap/text_source.h"

namespace imap {
namespace {

// A lexer that reads some text byte by byte.
class Reading {
 public:
  explicit Reading(std::string text, const Limits& limits = {})
      : text_(std::move(text)), source_(text_, 1), lexer_(source_, limits) {
    lexer_.begin_answer();
  }
  Lexer* operator->() { return &lexer_; }

 private:
  std::string text_;
  TextSource source_;
  Lexer lexer_;
};

TEST(LexerTest, ReadsAtomsUpToADelimiter) {
  Reading reading("abc d\\e(f)\r\n");
  EXPECT_EQ(reading->atom(), "abc");
  reading->skip_spaces();
  EXPECT_EQ(reading->atom(), "d\\e");
  reading->open();
  EXPECT_EQ(reading->atom(), "f");
  EXPECT_TRUE(reading->take_close());
  EXPECT_TRUE(reading->at_end_of_line());
  reading->end_line();
}

TEST(LexerTest, ReadsStringsOfEveryKind) {
  Reading reading("atom \"quo\\\"te\\\\d ü\" {5}\r\na\"b\r\n\r\n");
  EXPECT_EQ(reading->string(), "atom");
  reading->skip_spaces();
  EXPECT_EQ(reading->string(), "quo\"te\\d ü");
  reading->skip_spaces();
  EXPECT_EQ(reading->string(), "a\"b\r\n");
}

TEST(LexerTest, ReadsLiteralsWithNulAndWithoutBytes) {
  std::string bytes = "?bc";
  bytes.front() = 0;
  Reading reading("~{3}\r\n" + bytes + " {0}\r\n \"\"\r\n");
  EXPECT_EQ(reading->string(), bytes);
  reading->skip_spaces();
  EXPECT_EQ(reading->string(), "");
  reading->skip_spaces();
  EXPECT_EQ(reading->string(), "");
}

TEST(LexerTest, DistinguishesNilFromAStringNil) {
  Reading reading("NIL nil \"NIL\" {3}\r\nNIL\r\n");
  EXPECT_EQ(reading->nstring(), std::nullopt);
  reading->skip_spaces();
  EXPECT_EQ(reading->nstring(), std::nullopt);
  reading->skip_spaces();
  EXPECT_EQ(reading->nstring(), "NIL");
  reading->skip_spaces();
  EXPECT_EQ(reading->nstring(), "NIL");
}

TEST(LexerTest, ReadsNumbersThatFit) {
  Reading reading("0 18446744073709551615 18446744073709551616 -1 12a\r\n");
  EXPECT_EQ(reading->number(), 0U);
  reading->skip_spaces();
  EXPECT_EQ(reading->number(), 18446744073709551615U);
  for (int rest = 0; rest < 3; ++rest) {
    reading->skip_spaces();
    EXPECT_EQ(reading->number(), std::nullopt);
  }
}

TEST(LexerTest, ReadsItemNamesWithTheirSections) {
  Reading reading("BODY[HEADER.FIELDS (\"From\" To)]<0> BODY[]\r\n");
  EXPECT_EQ(reading->item_name(), "BODY[HEADER.FIELDS (\"From\" To)]<0>");
  reading->skip_spaces();
  EXPECT_EQ(reading->item_name(), "BODY[]");
}

TEST(LexerTest, SkipsWholeValues) {
  Reading reading("(a (\"b)\" {3}\r\n)\r\n NIL) ()))\r\n");
  reading->skip_value();
  EXPECT_TRUE(reading->take_if(')'));
  EXPECT_TRUE(reading->at_end_of_line());
}

TEST(LexerTest, DeliversLiteralsInPieces) {
  Reading reading("{6}\r\nabcdef)");
  std::string bytes;
  std::size_t pieces = 0;
  reading->read_literal(reading->literal_size(), [&](base::ByteView piece) {
    bytes += base::as_text(piece);
    ++pieces;
  });
  EXPECT_EQ(bytes, "abcdef");
  EXPECT_EQ(pieces, 6U);
  EXPECT_TRUE(reading->take_if(')'));
}

TEST(LexerTest, TruncatesLongText) {
  Limits limits;
  limits.max_token = 10;
  std::string line(1000, 'x');
  line += "\r\nnext\r\n";
  Reading reading(line, limits);
  EXPECT_EQ(reading->text(), "xxxxxxxxxx");
  reading->end_line();
  EXPECT_EQ(reading->atom(), "next");
}

TEST(LexerTest, RejectsLiteralsOfImpossibleSize) {
  for (const char* size : {"9223372036854775808", "18446744073709551616", "", "-1", "x", "1x"}) {
    Reading reading(std::string("{") + size + "}\r\nabc");
    EXPECT_ERROR(kProtocol, "", reading->literal_size());
  }
  Reading largest("{9223372036854775807}\r\n");
  EXPECT_EQ(largest->literal_size(), 9223372036854775807U);
}

TEST(LexerTest, DoesNotAllocateTheAnnouncedSize) {
  Limits limits;
  limits.max_value = std::numeric_limits<std::size_t>::max() / 2;
  limits.max_kept = std::numeric_limits<std::size_t>::max();
  Reading reading("{4611686018427387904}\r\nabc", limits);
  EXPECT_ERROR(kNetwork, "lost", reading->string());
}

TEST(LexerTest, RejectsLongValues) {
  Limits limits;
  limits.max_value = 10;
  Reading reading("{11}\r\n01234567890", limits);
  EXPECT_ERROR(kProtocol, "value too long", reading->string());
}

TEST(LexerTest, RejectsLongWords) {
  Limits limits;
  limits.max_token = 100;
  Reading atom(std::string(1000, 'x'), limits);
  EXPECT_ERROR(kProtocol, "word too long", atom->atom());
  Reading quoted("\"" + std::string(1000, 'x'), limits);
  EXPECT_ERROR(kProtocol, "word too long", quoted->string());
}

TEST(LexerTest, RejectsEndlessLines) {
  Limits limits;
  limits.max_line = 1000;
  Reading words(std::string(2000, ' '), limits);
  EXPECT_ERROR(kProtocol, "line too long", words->skip_spaces());
  Reading line(std::string(2000, 'x'), limits);
  EXPECT_ERROR(kProtocol, "line too long", line->skip_line());
  Reading text(std::string(2000, 'x'), limits);
  EXPECT_ERROR(kProtocol, "line too long", text->text());
}

TEST(LexerTest, RejectsDeepNesting) {
  Reading reading(std::string(1'000'000, '('));
  EXPECT_ERROR(kProtocol, "nested too deep", reading->skip_value());
}

TEST(LexerTest, RejectsTooManyWords) {
  Limits limits;
  limits.max_items = 3;
  Reading reading("(1 2 3 4)\r\n", limits);
  EXPECT_ERROR(kProtocol, "too many words", reading->skip_value());
}

TEST(LexerTest, LimitsKeptMemory) {
  Limits limits;
  limits.max_kept = 100;
  Reading reading("a b c d\r\n", limits);
  const auto keep_all = [&reading] {
    while (!reading->at_end_of_line()) {
      static_cast<void>(reading->string());
      reading->skip_spaces();
    }
  };
  EXPECT_ERROR(kProtocol, "too large", keep_all());
}

TEST(LexerTest, RejectsInvalidSyntax) {
  for (const char* text : {"\"abc\r\n", "{3\r\nabc", "{3} \r\nabc", "\r\n", ")"}) {
    Reading reading(text);
    EXPECT_ERROR(kProtocol, "", reading->string());
  }
}

TEST(LexerTest, ReportsThePositionWithControlCharactersEscaped) {
  Reading reading("x");
  EXPECT_ERROR(kProtocol, "'('", reading->expect('('));
  Reading hostile("\x1b[2J");
  EXPECT_ERROR(kProtocol, "\\x1B", hostile->expect('('));
}

}  // namespace
}  // namespace imap
