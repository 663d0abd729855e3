#include "imap/account_login.h"

#include "tests/expect_error.h"

namespace imap {
namespace {

base::ServerConfig server_at(const std::string& url) {
  base::LoginConfig admin;
  admin.user = "backup";
  admin.password.password_file = "/nowhere/imap.password";
  base::ServerConfig server;
  server.url = url;
  server.admin = admin;
  return server;
}

// The same file may be missing for two servers: these are two problems.
TEST(AccountLoginTest, APasswordThatCannotBeReadIsThatOfAServer) {
  base::AccountConfig account;
  account.name = account.user = "alice";
  for (const std::string url : {"imaps://one.example", "imaps://two.example"}) {
    EXPECT_ERROR(kConfig, url + ": ", login_of(server_at(url), account));
    EXPECT_ERROR(kConfig, "/nowhere/imap.password", login_of(server_at(url), account));
  }
}

}  // namespace
}  // namespace imap
