#include "base/secret.h"

#include <cstdlib>
#include <fstream>

#include "base/log.h"
#include "tests/expect_error.h"
#include "tests/temporary_directory.h"

namespace base {
namespace {

class SecretTest : public testing::Test {
 protected:
  std::filesystem::path write(const std::string& name, const std::string& text) {
    std::ofstream(directory_.path() / name) << text;
    return directory_.path() / name;
  }

  static std::string logged(const std::string& line) {
    testing::internal::CaptureStderr();
    log_warning("{}", line);
    return testing::internal::GetCapturedStderr();
  }

  tests::TemporaryDirectory directory_;
};

TEST_F(SecretTest, WipingLeavesNothingInTheMemoryOfATextOrOfBytes) {
  std::string text = "a long password that is kept on the heap";
  const char* const letters = text.data();
  const std::size_t size = text.size();
  text.resize(5);
  wipe(text);
  EXPECT_EQ("", text);
  EXPECT_EQ(std::string(size, '\0'), std::string(letters, size))
      << "the memory is still the text's";

  std::vector<std::byte> bytes(40, std::byte{7});
  const std::byte* const first = bytes.data();
  wipe(bytes);
  EXPECT_TRUE(bytes.empty());
  bytes.resize(1);
  EXPECT_EQ(first, bytes.data());
}

TEST_F(SecretTest, IsTheFirstLineOfItsFile) {
  SecretSource source;
  source.password_file = write("password", "hunter2 !\nsecond line\n");
  EXPECT_EQ(load_secret(source).reveal(), "hunter2 !");
}

TEST_F(SecretTest, IsTheFirstLineOfItsCommandsOutput) {
  SecretSource source;
  source.password_command = {"printf", "hunter2\\r\\nmore\\n"};
  EXPECT_EQ(load_secret(source).reveal(), "hunter2");
}

TEST_F(SecretTest, ComesFromACredentialOfTheService) {
  write("imap", "hunter2");
  ::setenv("CREDENTIALS_DIRECTORY", directory_.path().c_str(), 1);
  SecretSource source;
  source.credential = "imap";
  EXPECT_EQ(load_secret(source).reveal(), "hunter2");
  source.credential = "../imap";
  EXPECT_ERROR(kConfig, "plain name", load_secret(source));
  ::unsetenv("CREDENTIALS_DIRECTORY");
  source.credential = "imap";
  EXPECT_ERROR(kConfig, "LoadCredential=", load_secret(source));
}

TEST_F(SecretTest, NamesAMissingOrEmptySource) {
  SecretSource source;
  source.password_file = directory_.path() / "absent";
  EXPECT_ERROR(kConfig, "absent: there is no such file", load_secret(source));
  source.password_file = write("empty", "\n");
  EXPECT_ERROR(kConfig, "empty: it is empty", load_secret(source));
}

TEST_F(SecretTest, NeverReachesTheLog) {
  {
    const Secret secret("hunter2");
    Secret copy = secret;
    const Secret moved = std::move(copy);
    EXPECT_EQ(logged("login hunter2 and hunter2"), "warning: login *** and ***\n");
  }
  EXPECT_EQ(logged("hunter2"), "warning: hunter2\n");
}

TEST_F(SecretTest, WithoutAMaskItHidesNothingOfTheLog) {
  const Secret guess("login failed", LogMask::kOff);
  Secret copy = guess;
  const Secret moved = std::move(copy);
  Secret assigned;
  assigned = moved;
  EXPECT_EQ(assigned.reveal(), "login failed");
  EXPECT_EQ(logged("login failed: alice"), "warning: login failed: alice\n");
}

TEST_F(SecretTest, TheEndOfOneWithoutAMaskLeavesTheMaskOfAnEqualOne) {
  const Secret kept("hunter2");
  { const Secret guess("hunter2", LogMask::kOff); }
  EXPECT_EQ(logged("hunter2"), "warning: ***\n");
}

TEST_F(SecretTest, IsMaskedInATextOnRequest) {
  EXPECT_EQ(masked("no hunter2, no hunter2", "hunter2"), "no ***, no ***");
  EXPECT_EQ(masked("a no is a no", "no"), "a no is a no") << "too short to mask";
}

TEST_F(SecretTest, ALogLineIsOneLine) {
  EXPECT_EQ(logged("a\nerror: forged\x1b[31m"), "warning: a\\x0Aerror: forged\\x1B[31m\n");
}

}  // namespace
}  // namespace base
