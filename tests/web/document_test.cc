// Text stays text, and HTML loads nothing but the pictures of its own message.
#include "web/render/document.h"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

namespace render {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string kPng = "\x89PNG\r\n\x1a\n....";

std::string document_of(const std::string& html) {
  return html_document({{.is_html = true, .text = html}}, [](const std::string& content_id) {
    if (content_id == "picture@x" || content_id == "with blank") return kPng;
    if (content_id == "drawing@x") return std::string("<svg onload='alert(1)'/>");
    return std::string();
  });
}

TEST(DocumentTest, TextIsText) {
  const std::string document = text_document("<script>alert(1)</script> & \"x\" 'y'\x01\x1b[31m\n");
  EXPECT_THAT(document, HasSubstr("&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;x&quot; "
                                  "&#39;y&#39;[31m\n"));
  EXPECT_THAT(document, Not(HasSubstr("<script")));
}

TEST(DocumentTest, LinksInTextCanBeClicked) {
  const std::string document =
      text_document("See (https://example.org/a?b=1&c=\"2), or HTTP://x.y.");
  EXPECT_THAT(document, HasSubstr("(<a rel=\"noopener noreferrer\" "
                                  "href=\"https://example.org/a?b=1&amp;c=\">"
                                  "https://example.org/a?b=1&amp;c=</a>&quot;2)"));
  EXPECT_THAT(document, HasSubstr("href=\"HTTP://x.y\">HTTP://x.y</a>."));
  for (const char* const text : {"javascript:alert(1)", "javascript://x/%0aalert(1)", "data://x",
                                 "https://", "://", "file:///x"}) {
    EXPECT_THAT(text_document(text), Not(HasSubstr("<a "))) << text;
  }
}

TEST(DocumentTest, OfAWordThatIsNoLinkNoPartIsOne) {
  const std::string schemes(2'100, 'x');
  for (const std::string& word : {"http://" + schemes + "http://y", "http://http://" + schemes}) {
    EXPECT_THAT(text_document(word), Not(HasSubstr("<a "))) << word;
    EXPECT_THAT(text_document(word + " https://z"), HasSubstr("href=\"https://z\""));
  }
}

// Reading the rest of a word for each link in it would take longer than a test may.
TEST(DocumentTest, AWordMadeOfLinksIsReadOnce) {
  const std::size_t size = std::size_t{1} << 20U;
  std::string links;
  while (links.size() < size) links += "http://";
  EXPECT_THAT(text_document(links), Not(HasSubstr("<a ")));
  std::string pictures;
  while (pictures.size() < size) pictures += "cid:";
  EXPECT_THAT(document_of(pictures), HasSubstr("cid:cid:"));
}

TEST(DocumentTest, SoManyPicturesAreSought) {
  std::string html;
  for (int number = 0; number < 5'000; ++number)
    html += "<img src=cid:" + std::to_string(number) + ">";
  int sought = 0;
  html_document({{.is_html = true, .text = html}}, [&](const std::string&) {
    ++sought;
    return std::string();
  });
  EXPECT_LE(sought, 1'000);
}

TEST(DocumentTest, PicturesOfTheMessageBecomeAPartOfIt) {
  const std::string data = data_url(kPng);
  EXPECT_TRUE(data.starts_with("data:image/png;base64,iVBORw0KGgo")) << data;
  EXPECT_THAT(document_of("<img src=\"cid:picture@x\">"), HasSubstr("<img src=\"" + data + "\">"));
  EXPECT_THAT(document_of("<p style='background:url(CID:picture%40x)'>"),
              HasSubstr("url(" + data + ")"));
  EXPECT_THAT(document_of("<img src=cid:unknown@x>"), HasSubstr("cid:unknown@x"));
  EXPECT_THAT(document_of("<img src='cid:drawing@x'>"), HasSubstr("'cid:drawing@x'"))
      << "SVG is a document, not a picture";
  EXPECT_THAT(document_of("<img src=cid:" + std::string(5'000, 'a') + ">"), HasSubstr("cid:aaa"));
}

TEST(DocumentTest, PicturesAreKnownByTheirFirstBytes) {
  EXPECT_TRUE(data_url("\xff\xd8\xff\xe0").starts_with("data:image/jpeg;"));
  EXPECT_TRUE(data_url("GIF89a...").starts_with("data:image/gif;"));
  EXPECT_TRUE(data_url(std::string("RIFF\0\0\0\0WEBPVP8 ", 16)).starts_with("data:image/webp;"));
  EXPECT_EQ(data_url(std::string("RIFF\0\0\0\0WAVE", 12)), "");
  EXPECT_EQ(data_url("RIFF"), "");
  EXPECT_EQ(data_url("<svg xmlns='http://www.w3.org/2000/svg'/>"), "");
  EXPECT_EQ(data_url(""), "");
}

TEST(DocumentTest, AllPicturesTogetherAreBounded) {
  std::string html;
  for (int count = 0; count < 200; ++count) html += "<img src=cid:big>";
  const std::string document = html_document(
      {{.is_html = true, .text = html}},
      [](const std::string&) { return kPng + std::string(std::size_t{1} << 20U, 'x'); });
  EXPECT_LT(document.size(), std::size_t{26} << 20U);
}

TEST(DocumentTest, LinksOpenInANewTab) {
  EXPECT_THAT(document_of("<a href=https://x>x</a>"), HasSubstr("<base target=\"_blank\">"));
}

TEST(DocumentTest, TextBesideHtmlStaysText) {
  const std::string document =
      html_document({{.is_html = false, .text = "<b>"}, {.is_html = true, .text = "<i>x</i>"}},
                    [](const std::string&) { return std::string(); });
  EXPECT_THAT(document, HasSubstr("&lt;b&gt;"));
  EXPECT_THAT(document, HasSubstr("<i>x</i>"));
}

RC_GTEST_PROP(DocumentTest, NoTextBecomesAnElement, (const std::string& bytes)) {
  const std::string escaped = escape_html(bytes + "<\"'&");
  RC_ASSERT(escaped.find_first_of("<>\"'") == std::string::npos);
}

}  // namespace
}  // namespace render
