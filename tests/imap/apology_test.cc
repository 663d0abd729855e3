#include "imap/apology.h"

#include <gtest/gtest.h>

namespace imap {
namespace {

TEST(ApologyTest, RecognisesThatOfExchange) {
  EXPECT_TRUE(is_apology(
      "From: \"Microsoft Exchange Server\" <>\r\n"
      "Subject: Retrieval using the IMAP4 protocol failed for the following message: 4711\r\n"
      "MIME-Version: 1.0\r\n"
      "\r\n"
      "The server couldn't retrieve the following message:\r\n"));
  EXPECT_TRUE(is_apology(
      "Subject: Retrieval using the IMAP4 protocol failed for the following message: 1"));
}

TEST(ApologyTest, MailAboutAnApologyIsMail) {
  EXPECT_FALSE(is_apology(""));
  EXPECT_FALSE(
      is_apology("Subject: hello\r\n\r\nSubject: Retrieval using the IMAP4 protocol "
                 "failed for the following message: 1\r\n"));
  EXPECT_FALSE(is_apology(
      "Received: from mail.example.org\r\n"
      "Subject: Retrieval using the IMAP4 protocol failed for the following message: 1\r\n"));
  EXPECT_FALSE(is_apology(
      "Subject: Fwd: Retrieval using the IMAP4 protocol failed for the following message: 1\n"));
}

}  // namespace
}  // namespace imap
