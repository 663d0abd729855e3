// Names of attachments are harmless, and still say what the file is.
#include "web/file_name.h"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include "base/utf8.h"

namespace web {
namespace {

TEST(FileNameTest, ANameLeadsNowhere) {
  EXPECT_EQ(clean_file_name("report.pdf"), "report.pdf");
  EXPECT_EQ(clean_file_name("../../etc/passwd"), "_.._etc_passwd");
  EXPECT_EQ(clean_file_name("C:\\Windows\\x.exe"), "C__Windows_x.exe");
  EXPECT_EQ(clean_file_name(".bashrc"), "bashrc");
  EXPECT_EQ(clean_file_name(""), "file");
  EXPECT_EQ(clean_file_name("..."), "file");
  EXPECT_EQ(clean_file_name("a\r\nSet-Cookie: x=1"), "a__Set-Cookie_ x=1");
  EXPECT_EQ(clean_file_name("invoice\xe2\x80\xae"
                            "fdp.exe"),
            "invoice_fdp.exe")
      << "a mark that changes the writing direction";
  EXPECT_EQ(clean_file_name("Größe.txt"), "Größe.txt");
}

TEST(FileNameTest, ALongNameKeepsItsEnding) {
  const std::string clean = clean_file_name(std::string(1'000, 'x') + ".pdf");
  EXPECT_LE(clean.size(), 132U);
  EXPECT_TRUE(clean.ends_with(".pdf")) << clean;
}

TEST(FileNameTest, TheHeaderHasAPlainNameAndTheTrueOne) {
  EXPECT_EQ(attachment_disposition("a b.txt"), "attachment; filename=\"a b.txt\"");
  EXPECT_EQ(attachment_disposition("ö.txt"),
            "attachment; filename=\"__.txt\"; filename*=UTF-8''%c3%b6.txt");
  EXPECT_EQ(attachment_disposition("a\".txt"), "attachment; filename=\"a_.txt\"");
}

RC_GTEST_PROP(FileNameTest, NoBytesLeaveTheQuotationMarks, (const std::string& bytes)) {
  const std::string clean = clean_file_name(bytes);
  RC_ASSERT(!clean.empty());
  RC_ASSERT(base::is_utf8(clean));
  RC_ASSERT(clean.find_first_of(std::string("/\\\"\r\n\0", 6)) == std::string::npos);
}

}  // namespace
}  // namespace web
