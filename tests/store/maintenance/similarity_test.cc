#include "store/maintenance/similarity.h"

#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace store {
namespace {

using Words = std::vector<std::string>;

std::string word(std::mt19937& random) {
  constexpr unsigned kVocabulary = 5'000;
  return "word" + std::to_string(random() % kVocabulary);
}

Words text_of_words(std::mt19937& random, std::size_t count) {
  Words words;
  for (std::size_t i = 0; i < count; ++i) words.push_back(word(random));
  return words;
}

Similarity of_words(const Words& words) {
  std::string text;
  for (const std::string& each : words) text += each + " ";
  return similarity_of_text(base::as_bytes(text));
}

TEST(SimilarityTest, TextsThatShareMostWordsMostlyMeet) {
  constexpr unsigned kTexts = 200;
  std::mt19937 random(1);
  unsigned similar = 0;
  unsigned different = 0;
  for (unsigned i = 0; i < kTexts; ++i) {
    const Words text = text_of_words(random, 400);
    Words changed = text;
    for (int times = 0; times < 8; ++times) changed[random() % changed.size()] = word(random);
    if (of_words(text).first == of_words(changed).first) ++similar;
    if (of_words(text).first == of_words(text_of_words(random, 400)).first) ++different;
  }
  EXPECT_GE(similar, kTexts * 3 / 4);
  EXPECT_EQ(0U, different);
}

TEST(SimilarityTest, LineEndsAndQuotationMarksDoNotMatter) {
  const auto of = [](std::string_view text) { return similarity_of_text(base::as_bytes(text)); };
  EXPECT_EQ(of("one two three four five"), of("> one two\r\n> three four\r\n> five\r\n"));
  EXPECT_NE(of("one two three"), of("one three two"));
  EXPECT_EQ(of(""), of("\r\n -- \r\n"));
  EXPECT_NE(of(""), of("a"));
}

Similarity of_header(std::string_view header) {
  return similarity_of_header(base::as_bytes(header));
}

TEST(SimilarityTest, MailOfADomainMeets) {
  const Similarity alice = of_header("Subject: 1\r\nFrom: Alice <alice@example.org>\r\n\r\n");
  const Similarity bob = of_header("from:\r\n bob@EXAMPLE.org\r\nSubject: 2\r\n\r\n");
  const Similarity other = of_header("From: \"bob@example.org\" <bob@example.net>\r\n\r\n");
  EXPECT_EQ(alice.first, bob.first);
  EXPECT_NE(alice.second, bob.second);
  EXPECT_NE(alice.first, other.first);
  EXPECT_EQ(alice, of_header("From: \"A.\"\r\n <Alice@example.org>\r\nTo: x@y\r\n"));
}

TEST(SimilarityTest, MailOfAListMeets) {
  const Similarity alice =
      of_header("From: alice@example.org\r\nList-Id: The list <list.example.com>\r\n\r\n");
  const Similarity bob = of_header("List-ID: <list.example.com>\r\nFrom: bob@example.net\r\n\r\n");
  EXPECT_EQ(alice.first, bob.first);
  EXPECT_EQ(alice.second, of_header("From: alice@example.org\r\n").second);
}

TEST(SimilarityTest, AHeaderWithoutASenderIsFromNoDomain) {
  for (const std::string_view header : {"", "\n", "From:", "From: <", "From: @\n ", "From: a\n\n",
                                        "List-Id:\n\t\n\t", "\r\n\r\n"}) {
    EXPECT_EQ(of_header("").first, of_header(header).first);
  }
}

}  // namespace
}  // namespace store
