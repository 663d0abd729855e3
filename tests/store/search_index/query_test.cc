#include "store/search_index/query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "store/search_index/search_index.h"
#include "tests/expect_error.h"
#include "tests/temporary_directory.h"

namespace store {
namespace {

Query parse(std::string_view text) {
  return Query::parse(text, "UTC", {});
}

std::string wanted(std::string_view text) {
  return parse(text).wanted_words();
}

std::chrono::sys_seconds second_of(std::int64_t seconds) {
  return std::chrono::sys_seconds(std::chrono::seconds(seconds));
}

TEST(QueryTest, WordsMustAllOccur) {
  EXPECT_EQ(R"("report" AND "2026")", wanted("report 2026"));
}

TEST(QueryTest, ASpaceOfAnyKindSeparatesTerms) {
  EXPECT_EQ(R"("見 積 書" AND "田 中")", wanted("見積書\u3000田中"));
  for (const char* space : {"\u00a0", "\u1680", "\u2003", "\u2009", "\u202f", "\u205f", "\u3000"}) {
    const auto spaced = [&](std::string text) {
      for (std::size_t at = 0; (at = text.find('_', at)) != std::string::npos;) {
        text.replace(at, 1, space);
      }
      return text;
    };
    EXPECT_EQ(R"("report" AND {sender} : "bob")", wanted(spaced("_report_from:bob_")));
    EXPECT_EQ(R"("draft")", parse(spaced("report_-draft")).unwanted_words());
    EXPECT_EQ(R"("a b" AND "c"*)", wanted(spaced("\"a_b\"_c*")));
    EXPECT_ERROR(kUsage, "OR: a search can't look for either of two", parse(spaced("a_OR_b")));
    EXPECT_EQ(R"("has" AND "x")", wanted(spaced("has:_x")));
    EXPECT_ERROR(kUsage, "has no words", parse(spaced("__")));
  }
  EXPECT_TRUE(parse("folder:\"Sent Items\"").matches_folder("Sent\u00a0Items"));
  EXPECT_TRUE(parse("folder:\"Sent\u00a0Items\"").matches_folder("Sent\u00a0Items"));
}

TEST(QueryTest, QuotesKeepWordsTogether) {
  EXPECT_EQ(R"("quarterly report")", wanted(R"("quarterly report")"));
  EXPECT_EQ(R"({subject} : "quarterly report")", wanted(R"(subject:"quarterly report")"));
  EXPECT_EQ(R"("not ended")", wanted(R"("not ended)"));
}

TEST(QueryTest, AFieldSearchesItsColumns) {
  EXPECT_EQ(R"({sender} : "alice example org")", wanted("from:alice@example.org"));
  EXPECT_EQ(R"({recipients copies} : "bob" AND {copies} : "carol")", wanted("TO:bob Cc:carol"));
}

TEST(QueryTest, AStarMatchesAPrefix) {
  EXPECT_EQ(R"("invoi"*)", wanted("invoi*"));
  EXPECT_EQ(R"({subject} : "big invoi"*)", wanted(R"(subject:"big invoi"*)"));
}

TEST(QueryTest, AMinusExcludes) {
  const Query query = parse("report -draft -from:bob");
  EXPECT_EQ(R"("report")", query.wanted_words());
  EXPECT_EQ(R"("draft" OR {sender} : "bob")", query.unwanted_words());
}

TEST(QueryTest, Fts5OperatorsAreOrdinaryWords) {
  EXPECT_EQ(R"("a" AND "or" AND "b" AND "near c")", wanted("a \"OR\" b NEAR(c)"));
  EXPECT_EQ(R"("sender x")", wanted("{sender}:x"));
  EXPECT_EQ(R"("a" AND "b")", wanted("a & b"));
  EXPECT_EQ(R"("a" AND "b")", wanted("a — b"));
}

TEST(QueryTest, ScriptsWithoutBlanksAreFoundInside) {
  EXPECT_EQ(R"("a 日 本 b")", wanted("a日本b"));
}

TEST(QueryTest, TimesIncludeTheStartAndExcludeTheEnd) {
  const Query query = parse("after:2026-01-01 before:2026-01-02");
  EXPECT_TRUE(query.has_times());
  EXPECT_FALSE(query.matches_time(second_of(1'767'225'599)));
  EXPECT_TRUE(query.matches_time(second_of(1'767'225'600)));
  EXPECT_TRUE(query.matches_time(second_of(1'767'311'999)));
  EXPECT_FALSE(query.matches_time(second_of(1'767'312'000)));
  EXPECT_TRUE(parse("x").matches_time(second_of(0)));
  const Query ago = Query::parse("after:\"3 days ago\"", "UTC", second_of(1'000'000));
  EXPECT_TRUE(ago.matches_time(second_of(1'000'000 - 3 * 86'400)));
  EXPECT_FALSE(ago.matches_time(second_of(1'000'000 - 3 * 86'400 - 1)));
  EXPECT_FALSE(Query::parse("before:2026-01-01", "Europe/Berlin", {})
                   .matches_time(second_of(1'767'225'599)));
}

TEST(QueryTest, AnyOfSeveralFolderGlobsMayMatch) {
  const Query query = parse(R"(folder:Archive/* folder:"Sent Items" -folder:*/2023)");
  EXPECT_TRUE(query.matches_folder("Archive/2024"));
  EXPECT_TRUE(query.matches_folder("Sent Items"));
  EXPECT_FALSE(query.matches_folder("Archive/2023"));
  EXPECT_FALSE(query.matches_folder("INBOX"));
  EXPECT_TRUE(parse("-folder:Trash").matches_folder("INBOX"));
}

TEST(QueryTest, AMessageIdMatchesExactly) {
  EXPECT_EQ("1.2@example.org", parse("message-id:<1.2@example.org>").message_id());
  EXPECT_EQ("1.2@example.org", parse("message-id:1.2@example.org").message_id());
}

TEST(QueryTest, AWordWithAColonIsAWordUnlessItLooksLikeAMistake) {
  EXPECT_EQ(R"("http example org")", wanted("http://example.org"));
  EXPECT_EQ(R"("12 30")", wanted("12:30"));
  EXPECT_ERROR(kUsage, "did you mean from:?", parse("form:alice"));
}

TEST(QueryTest, RejectsSyntaxOfOtherProgramsAndNamesItsOwn) {
  for (const char* text :
       {"has:attachment", "is:unread", "body:invoice", "larger:1M", "HAS:x", "-has:x"}) {
    EXPECT_ERROR(kUsage, "no such field: a search looks at subjects", parse(text));
  }
  EXPECT_ERROR(kUsage, "since: no such field: write after:;", parse("since:2026-11-02"));
  EXPECT_ERROR(kUsage, "write before:", parse("until:2026-11-02"));
  EXPECT_ERROR(kUsage, "write folder:", parse("x in:inbox"));
  EXPECT_ERROR(kUsage, "write message-id:", parse("rfc822msgid:1@example.org"));
  EXPECT_ERROR(kUsage, "OR: a search can't look for either of two", parse("a OR b"));
  EXPECT_ERROR(kUsage, "AND: every term must match", parse("a AND b"));
  EXPECT_ERROR(kUsage, "NOT: write a - in front", parse("NOT b"));
  EXPECT_EQ(R"("has attachment")", wanted(R"("has:attachment")"));
  EXPECT_EQ(R"("a" AND "or" AND "and" AND "not")", wanted(R"(a or "AND" not)"));
  EXPECT_EQ(R"("has" AND "x")", wanted("has: x"));
  EXPECT_EQ(R"("oranges" AND "or1")", wanted("ORanges OR1"));
  EXPECT_EQ(R"("re invoice")", wanted("Re:invoice"));
}

TEST(QueryTest, RejectsOperatorsAndFieldsNextToPunctuation) {
  for (const char* text : {"(is:unread)", "x (has:attachment", "x,is:unread", "--has:x",
                           "-(flagged:yes)", "unread:true", "READ:no", "attach:pdf",
                           "priority:high", "reply-to:bob", "(seen:no or x)"}) {
    EXPECT_ERROR(kUsage, "no such field: a search looks at subjects", parse(text));
  }
  for (const char* text : {"(NOT x)", "-NOT x", "a,NOT b", "(-NOT x)", "NOT\"x y\""}) {
    EXPECT_ERROR(kUsage, "NOT: write a - in front", parse(text));
  }
  for (const char* text : {"word1,OR x", "(a) OR(b)", "a OR, b", "(a OR) b", "a;OR;b"}) {
    EXPECT_ERROR(kUsage, "OR: a search can't look for either of two", parse(text));
  }
  EXPECT_ERROR(kUsage, "(from: the field must begin a term", parse("(from:bob x)"));
  EXPECT_ERROR(kUsage, "x,to: the field must begin a term", parse("x,to:bob"));
  EXPECT_ERROR(kUsage, "-(: there are no groups: write - in front of each", parse("-(a b)"));
  EXPECT_ERROR(kUsage, "from:(: there are no groups: write from: in front", parse("from:(a b)"));
  EXPECT_EQ(R"("is unread")", wanted("\"(is:unread)\""));
  EXPECT_EQ(R"("a or b")", wanted(R"("a,OR b")"));
  EXPECT_EQ(R"({subject} : "a or b")", wanted(R"(subject:"a,OR b")"));
  EXPECT_EQ(R"("portland or")", wanted("Portland,or"));
  EXPECT_EQ(R"("a" AND "b")", wanted("(a b)"));
  EXPECT_EQ(R"({subject} : "urgent")", wanted("subject:(urgent)"));
  EXPECT_EQ(R"("x" AND "cc" AND "bob")", wanted("x (cc: bob)"));
  EXPECT_EQ(R"("from" AND "bob")", wanted("(from: bob)"));
}

TEST(QueryTest, MeaninglessTermsAreRejected) {
  EXPECT_ERROR(kUsage, "from:!!: it has no words", parse("from:!!"));
  EXPECT_ERROR(kUsage, "folder:: the folder name is missing", parse("folder:"));
  EXPECT_ERROR(kUsage, "it can't be negated", parse("-after:2026-01-01"));
  EXPECT_ERROR(kUsage, "it has no value", parse("before:"));
  EXPECT_ERROR(kUsage, "someday", parse("before:someday"));
  EXPECT_ERROR(kUsage, "longer than", parse(std::string(5'000, 'x')));
  std::string many;
  for (int i = 0; i < 65; ++i) many += "x ";
  EXPECT_ERROR(kUsage, "more than 64 terms", parse(many));
}

TEST(QueryTest, AQueryWithNoWordsLeftIsRejected) {
  for (const char* text :
       {"", " ", "   \t", ":", "\"\"", "*", "-", "--", "🎉", "€", "& — €", "-🎉", "\u0301",
        "\"🎉 €\"*", "folder:INBOX 🎉", "after:2026-01-01 €", "🎉 -report", "report -🎉"}) {
    EXPECT_ERROR(kUsage, "has no words", parse(text));
  }
  EXPECT_ERROR(kUsage, "has no words", parse(std::string_view("\0", 1)));
  EXPECT_ERROR(kUsage, "subject:€: it has no words", parse("subject:€"));
  EXPECT_ERROR(kUsage, "it has no value", parse("message-id:<>"));
}

TEST(QueryTest, ATermWithoutWordsIsLeftOutIfOthersRemain) {
  EXPECT_EQ(R"("report")", wanted("€ report 🎉"));
  EXPECT_EQ(R"("draft")", parse("report -draft -🎉").unwanted_words());
  EXPECT_TRUE(parse("-folder:Trash").matches_folder("INBOX"));
}

// Any query of a user is passed to SQLite, which must never report a syntax error.
RC_GTEST_PROP(QueryProperty, AnyTextIsAQueryOrAUsageError, ()) {
  static const tests::TemporaryDirectory directory;
  static SearchIndex index = SearchIndex::open(directory.path() / "search.sqlite", {});
  const auto piece =
      rc::gen::oneOf(rc::gen::element<std::string>(
                         "from:", "subject:", "to:", "cc:", "folder:", "after:", "2026-01-01",
                         "message-id:", "\"", "*", "-", " ", "(", ")", "AND", "OR", "NOT", "NEAR",
                         "{", "}", ":", "^", "+", "'", ";", "日本", "—", "\xff", "word"),
                     rc::gen::arbitrary<std::string>());
  std::string text;
  for (const std::string& part : *rc::gen::container<std::vector<std::string>>(piece)) text += part;
  try {
    const Query query = parse(text);
    RC_ASSERT(!query.wanted_words().empty() || !query.unwanted_words().empty() ||
              query.message_id() || query.has_times() || text.find("folder:") != std::string::npos);
    const auto ignore = [](const EnvelopeRow&) {};
    index.for_each(query.wanted_words(), ignore);
    index.for_each(query.unwanted_words(), ignore);
    if (query.message_id()) index.for_each_with_message_id(*query.message_id(), ignore);
  } catch (const base::Error& error) {
    RC_ASSERT(error.code() == base::ErrorCode::kUsage);
  }
}

}  // namespace
}  // namespace store
