// A storage in a bucket that a script answers for.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "store/storage/s3_storage.h"
#include "tests/servers/storage/scripted_http.h"
#include "tests/standing_clock.h"
#include "tests/temporary_directory.h"

namespace store {

inline std::string s3_error(const std::string& code, const std::string& rest = {}) {
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>" + code +
         "</Code><Message>Words about it.</Message>" + rest + "</Error>";
}

class S3Fixture : public testing::Test {
 protected:
  S3Fixture() {
    config_.url = server_.url();
    config_.bucket = "mail";
    config_.prefix = "shard-07";
    config_.region = "eu-north-1";
    config_.credentials = base::S3AccessKey{
        .id = "the-key",
        .secret = {.password_file = {}, .password_command = {"echo", "s3"}, .credential = {}}};
  }

  S3Storage& storage(const StorageTraits& proven = {}) {
    if (!storage_) {
      storage_ = std::make_unique<S3Storage>(config_, directory_.path(), base::real_file_system(),
                                             clock_, proven);
    }
    return *storage_;
  }

  // The trouble that `work` ends with.
  template <typename Work>
  StorageError trouble_of(const Work& work) {
    try {
      work();
    } catch (const StorageError& error) {
      return error;
    }
    ADD_FAILURE() << "expected a StorageError";
    return StorageError(Trouble::kGone, "");
  }

  StorageError trouble_of_reading() {
    return trouble_of([&] { static_cast<void>(storage().get(name_, 100)); });
  }

  servers::ScriptedHttp server_;
  tests::StandingClock clock_;
  tests::TemporaryDirectory directory_;
  base::S3Config config_;
  BlobName name_{"packs", "a"};

 private:
  std::unique_ptr<S3Storage> storage_;
};

}  // namespace store
