#include "base/reporting/last_sweep.h"

#include <gmock/gmock.h>

#include "tests/base/reporting/job_run_fixture.h"
#include "tests/temporary_directory.h"

namespace base {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class LastSweepTest : public testing::Test {
 protected:
  LastSweepTest() { store_.index = directory_.path(); }

  JobRecord ended() {
    JobRecord record = begun("sweep");
    record.ended = kNight;
    record.status = 3;
    return record;
  }

  LastSweep after(const JobRecord& record, std::chrono::sys_seconds now = kNight) {
    save_job_record(real_file_system(), store_, record);
    return last_sweep(real_file_system(), store_, now);
  }

  tests::TemporaryDirectory directory_;
  StoreConfig store_;
};

TEST_F(LastSweepTest, KnowsWhyTreesAreStillThere) {
  const std::vector<SweepReason> reasons{{"01", "DELETE: no"}, {"", "none was deleted"}};
  JobRecord record = ended();
  record.details = sweep_details(reasons);
  const LastSweep last = after(record);
  EXPECT_EQ(last.reasons, reasons);
  EXPECT_EQ(last.why("01"), "DELETE: no");
  EXPECT_EQ(last.why("02"), "none was deleted");
  EXPECT_EQ(LastSweep{}.why("01"), "");

  record.error = "the key is missing";
  EXPECT_THAT(after(record).reasons, ElementsAre(SweepReason{"", "the key is missing"}))
      << "the details are those of an earlier sweep";
  record.ended.reset();
  record.error.clear();
  EXPECT_THAT(after(record).reasons, IsEmpty()) << "it is running";
}

TEST_F(LastSweepTest, ReadsWhatAnyVersionWrote) {
  for (const char* details : {"null", "[]", R"({"reasons":7})",
                              R"({"reasons":[7,{"tree":1,"why":"x"},{"tree":"01"}]})"}) {
    JobRecord record = ended();
    record.details = details;
    EXPECT_THAT(after(record).reasons, IsEmpty()) << details;
  }
  JobRecord record = ended();
  record.details = sweep_details(std::vector<SweepReason>(2'000, {"01", std::string(9'000, 'x')}));
  EXPECT_THAT(after(record).reasons, SizeIs(100));
  EXPECT_THAT(after(record).why("01"), SizeIs(500));
}

TEST_F(LastSweepTest, ASweepOfTheFutureIsNotRecent) {
  EXPECT_TRUE(after(ended(), kNight + std::chrono::days(1)).is_recent);
  EXPECT_TRUE(after(ended(), kNight - kClockSlack).is_recent);
  EXPECT_FALSE(after(ended(), kNight - kClockSlack - std::chrono::seconds(1)).is_recent);
  EXPECT_FALSE(after(ended(), kNight + std::chrono::days(1) + std::chrono::seconds(1)).is_recent);
}

}  // namespace
}  // namespace base
