#include "base/reporting/job_record.h"

#include <fstream>

#include <gmock/gmock.h>

#include "tests/base/reporting/job_run_fixture.h"
#include "tests/temporary_directory.h"

namespace base {
namespace {

using nlohmann::json;
using testing::ElementsAre;

TEST(JobRecordTest, RoundTripsAndToleratesRubbish) {
  const tests::TemporaryDirectory directory;
  StoreConfig store;
  store.index = directory.path();
  FileSystem& files = real_file_system();
  EXPECT_EQ(load_job_record(files, store, "drill"), std::nullopt);
  const JobRecord record{"drill", kNight,       kNight, 3,      "an error",
                         kNight,  R"({"a":1})", {"x"},  kNight, "m"};
  save_job_record(files, store, record);
  EXPECT_EQ(load_job_record(files, store, "drill"), record);
  EXPECT_THAT(load_job_records(files, store), ElementsAre(record));
  for (const char* rubbish : {"", "{", "[]", R"({"started":"x"})"}) {
    std::ofstream(directory.path() / "jobs" / "drill.json") << rubbish;
    EXPECT_EQ(load_job_record(files, store, "drill"), std::nullopt) << rubbish;
  }
}

}  // namespace
}  // namespace base
