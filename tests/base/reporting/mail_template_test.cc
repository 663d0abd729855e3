#include "base/reporting/mail_template.h"

#include <fstream>

#include <gtest/gtest.h>

#include "tests/expect_error.h"
#include "tests/temporary_directory.h"

namespace base {
namespace {

class MailTemplateTest : public testing::Test {
 protected:
  MailTemplate load(const std::string& text) {
    std::ofstream(file_) << text;
    return load_mail_template(real_file_system(), file_);
  }

  tests::TemporaryDirectory directory_;
  Path file_ = directory_.path() / "template";
};

TEST_F(MailTemplateTest, ConsistsOfASubjectAndAText) {
  const MailTemplate words = load(
      "Subject: Gr\xc3\xbc\xc3\x9f"
      "e {account}\r\n\r\nline\r\n\r\nlast");
  EXPECT_EQ(words.subject,
            "Gr\xc3\xbc\xc3\x9f"
            "e {account}");
  EXPECT_EQ(words.body, "line\n\nlast");
}

TEST_F(MailTemplateTest, RejectsInvalidTemplates) {
  EXPECT_ERROR(kConfig, "there is no such file",
               load_mail_template(real_file_system(), directory_.path() / "none"));
  for (const char* text : {"", "Dear {account}\n", "Subject: \n\ntext\n", "subject: x\n\ntext\n"}) {
    EXPECT_ERROR(kConfig, "its first line must be \"Subject: \"", load(text));
  }
  for (const char* text : {"Subject: x\ntext\n", "Subject: x\n", "Subject: x\n\n"}) {
    EXPECT_ERROR(kConfig, "must be followed by an empty line", load(text));
  }
  EXPECT_ERROR(kConfig, "not in UTF-8", load("Subject: \xff\n\ntext\n"));
}

TEST_F(MailTemplateTest, FillsInKnownNames) {
  const std::map<std::string, std::string> values = {{"a", "{b}"}, {"b", "2"}, {"", "empty"}};
  EXPECT_EQ(fill_in("{a} {b}{b} {c} {a", values), "{b} 22 {c} {a");
  EXPECT_EQ(fill_in("{{a}} {} }{", values), "{{b}} empty }{");
  EXPECT_EQ(fill_in("", values), "");
}

}  // namespace
}  // namespace base
