#include "store/storage/s3_document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace store {
namespace {

using testing::ElementsAre;

TEST(S3DocumentTest, OnlyTheExpectedDocumentIsParsed) {
  const std::string error = "<Error><Code>NoSuchKey</Code></Error>";
  EXPECT_EQ(parse_s3_error(base::as_bytes(error))->code, "NoSuchKey");
  for (const std::string& text : {std::string(), std::string("<html><body>Error</body></html>"),
                                  error.substr(0, 20), "<Result>" + error + "</Result>",
                                  std::string("\0\xff<Error>", 9), std::string("{\"error\": 1}")}) {
    EXPECT_FALSE(parse_s3_error(base::as_bytes(text))) << text;
  }
  EXPECT_FALSE(parse_s3_listing(base::as_bytes(error)));
  EXPECT_FALSE(parse_s3_deletion(base::as_bytes(error)));
}

TEST(S3DocumentTest, EntitiesOfADocumentAreNotExpanded) {
  const std::string text =
      "<!DOCTYPE Error [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;\">]>"
      "<Error><Code>&b;</Code></Error>";
  const auto error = parse_s3_error(base::as_bytes(text));
  EXPECT_EQ("&b;", error ? error->code : "&b;");
}

TEST(S3DocumentTest, KeysAreDecodedOnlyIfTheyAreEncoded) {
  const auto page = [](const std::string& encoding, const std::string& key) {
    const std::string text = "<ListBucketResult>" + encoding + "<Contents><Key>" + key +
                             "</Key></Contents></ListBucketResult>";
    return parse_s3_listing(base::as_bytes(text))->keys;
  };
  EXPECT_THAT(page("<EncodingType>url</EncodingType>", "a%2Fb%2bc+d%"), ElementsAre("a/b+c d%"));
  EXPECT_THAT(page("", "a%2Fb+c &amp; d"), ElementsAre("a%2Fb+c & d"));
}

TEST(S3DocumentTest, ADeletionNamesItsKeysEscaped) {
  const std::vector<std::string> keys{"a/b", "<&>"};
  const std::string text = s3_deletion_request(keys);
  EXPECT_THAT(text, testing::HasSubstr("<Object><Key>a/b</Key></Object>"
                                       "<Object><Key>&lt;&amp;&gt;</Key></Object></Delete>"));
}

}  // namespace
}  // namespace store
