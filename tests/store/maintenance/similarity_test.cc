#include "store/maintenance/similarity.h"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace store {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

using Words = std::vector<std::string>;

std::string random_word(std::mt19937& random) {
  constexpr unsigned kVocabulary = 5'000;
  return "word" + std::to_string(random() % kVocabulary);
}

Words text_of_words(std::mt19937& random, std::size_t count) {
  Words words;
  for (std::size_t i = 0; i < count; ++i) words.push_back(random_word(random));
  return words;
}

Features of_text(std::string_view text) {
  return features_of_text(base::as_bytes(text));
}

Features of_words(const Words& words) {
  std::string text;
  for (const std::string& each : words) text += each + " ";
  return of_text(text);
}

bool share_a_feature(const Features& left, const Features& right) {
  return std::ranges::find_first_of(left.values(), right.values()) != left.values().end();
}

std::vector<std::uint64_t> values_of(const Features& features) {
  return {features.values().begin(), features.values().end()};
}

TEST(SimilarityTest, TextsThatShareMostWordsMostlyMeet) {
  constexpr unsigned kTexts = 200;
  std::mt19937 random(1);
  unsigned similar = 0;
  unsigned different = 0;
  for (unsigned i = 0; i < kTexts; ++i) {
    const Words text = text_of_words(random, 400);
    Words changed = text;
    // Each changes three of the groups of three words.
    for (int times = 0; times < 40; ++times)
      changed[random() % changed.size()] = random_word(random);
    if (share_a_feature(of_words(text), of_words(changed))) ++similar;
    if (share_a_feature(of_words(text), of_words(text_of_words(random, 400)))) ++different;
  }
  EXPECT_GE(similar, kTexts * 3 / 4);
  EXPECT_EQ(0U, different);
}

TEST(SimilarityTest, LineEndsAndQuotationMarksDoNotMatter) {
  const std::vector<std::uint64_t> five = values_of(of_text("one two three four five"));
  EXPECT_THAT(five, SizeIs(2)) << "three groups of three words";
  EXPECT_EQ(five, values_of(of_text("> one two\r\n> three four\r\n> five\r\n")));
  EXPECT_NE(five, values_of(of_text("one three two four five")));
}

TEST(SimilarityTest, TooFewWordsAreSimilarToNothing) {
  EXPECT_THAT(of_text("").values(), IsEmpty());
  EXPECT_THAT(of_text("one two three").values(), IsEmpty());
  EXPECT_THAT(of_text(std::string(1'000, '-')).values(), IsEmpty());
}

std::vector<std::uint64_t> of_header(std::string_view header) {
  return values_of(features_of_header(base::as_bytes(header)));
}

TEST(SimilarityTest, MailOfADomainMeets) {
  const auto alice = of_header("Subject: 1\r\nFrom: Alice <alice@example.org>\r\n\r\n");
  EXPECT_THAT(alice, SizeIs(1));
  EXPECT_EQ(alice, of_header("from:\r\n bob@EXAMPLE.org\r\nSubject: 2\r\n\r\n"));
  EXPECT_EQ(alice, of_header("From: \"A.\"\r\n\t<carol@example.org>\r\nTo: x@y\r\n"));
  EXPECT_NE(alice, of_header("From: \"bob@example.org\" <bob@example.net>\r\n\r\n"));
}

TEST(SimilarityTest, MailOfAListMeets) {
  const auto list =
      of_header("From: a@example.org\r\nList-Id: The list <list.example.com>\r\n\r\n");
  EXPECT_EQ(list, of_header("List-ID: <list.example.com>\r\nFrom: b@example.net\r\n\r\n"));
  EXPECT_NE(list, of_header("From: a@example.org\r\n\r\n"));
}

TEST(SimilarityTest, AHeaderWithoutAnOriginIsSimilarToNothing) {
  for (const std::string_view header : {"", "\n", "From:", "From: <", "From: @\n ", "From: a\n\n",
                                        "List-Id:\n\t\n\t", "\r\n\r\n"}) {
    EXPECT_THAT(of_header(header), IsEmpty()) << header;
  }
}

base::Bytes random_bytes(std::size_t size) {
  std::mt19937 random(7);
  base::Bytes bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

TEST(SimilarityTest, BinariesThatCannotBeCompressedMeet) {
  Compressor probing(kProbingLevel);
  const base::Bytes random = random_bytes(300'000);
  const Features large = features_of_binary(random, probing);
  EXPECT_THAT(large.values(), SizeIs(1));
  EXPECT_EQ(values_of(large),
            values_of(features_of_binary(base::ByteView(random).first(99), probing)));
  EXPECT_THAT(features_of_binary(base::Bytes(300'000), probing).values(), IsEmpty());
}

// A PDF and an image have a head that can be compressed.
TEST(SimilarityTest, TheMiddleOfABinaryDecides) {
  Compressor probing(kProbingLevel);
  base::Bytes binary = random_bytes(300'000);
  std::fill_n(binary.begin(), 100'000, std::byte{});
  EXPECT_THAT(features_of_binary(binary, probing).values(), SizeIs(1));
  std::fill_n(binary.begin() + 110'000, 80'000, std::byte{});
  EXPECT_THAT(features_of_binary(binary, probing).values(), IsEmpty());
}

}  // namespace
}  // namespace store
