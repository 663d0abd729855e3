#include "backupd/pass/message_pipe.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include <gmock/gmock.h>

#include "store/format/crypto.h"
#include "tests/temporary_directory.h"

namespace backupd {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

class MessagePipeTest : public testing::Test {
 protected:
  std::vector<ArrivedMessage> message(std::size_t size) {
    ArrivedMessage message{
        {}, imap::BodyKind::kLiteral, store::IncomingMessage(directory_.path(), keys_)};
    message.message.add(base::Bytes(size));
    std::vector<ArrivedMessage> one;
    one.push_back(std::move(message));
    return one;
  }

  tests::TemporaryDirectory directory_;
  store::Keys keys_;
  PipeBudget budget_{100'000};
};

TEST_F(MessagePipeTest, DeliversMessagesInOrder) {
  MessagePipe pipe(budget_, 1);
  for (const std::size_t size : {1U, 2U, 3U}) EXPECT_TRUE(pipe.put(message(size)));
  pipe.finish();
  for (const std::size_t size : {1U, 2U, 3U}) {
    const auto taken = pipe.take();
    ASSERT_THAT(taken, SizeIs(1));
    EXPECT_EQ(taken[0].message.size(), size);
  }
  EXPECT_THAT(pipe.take(), IsEmpty());
}

TEST_F(MessagePipeTest, FlagsCountTowardsTheBudget) {
  std::vector<ArrivedMessage> flagged = message(1);
  const std::size_t before = flagged[0].bytes_in_memory();
  flagged[0].items.flags = std::vector<std::string>(100, std::string(1'000, 'k'));
  EXPECT_GE(flagged[0].bytes_in_memory(), before + 100'000);
}

TEST_F(MessagePipeTest, EndsWhenTheLastReceiverHasFinished) {
  MessagePipe pipe(budget_, 2);
  pipe.finish();
  std::jthread other([&] {
    pipe.put(message(1));
    pipe.finish();
  });
  EXPECT_THAT(pipe.take(), SizeIs(1));
  EXPECT_THAT(pipe.take(), IsEmpty());
}

TEST_F(MessagePipeTest, AllPipesTogetherNeverHoldMoreThanTheBudget) {
  MessagePipe one(budget_, 1);
  MessagePipe two(budget_, 1);
  std::atomic<int> inside = 0;
  std::atomic<int> most = 0;
  const auto fill = [&](MessagePipe& pipe) {
    for (int count = 0; count < 200; ++count) {
      ASSERT_TRUE(pipe.put(message(40'000)));
      const int now = ++inside;
      most = std::max(most.load(), now);
    }
    pipe.finish();
  };
  const auto drain = [&](MessagePipe& pipe) {
    std::size_t taken = 0;
    for (auto messages = pipe.take(); !messages.empty(); messages = pipe.take()) {
      taken += messages.size();
      inside -= static_cast<int>(messages.size());
    }
    EXPECT_EQ(taken, 200U);
  };
  {
    std::jthread fill_one([&] { fill(one); });
    std::jthread fill_two([&] { fill(two); });
    std::jthread drain_one([&] { drain(one); });
    drain(two);
  }
  EXPECT_LE(most, 6) << "two fit; one just taken may still be counted";
}

TEST_F(MessagePipeTest, AcceptsAMessageLargerThanTheBudgetByItself) {
  MessagePipe pipe(budget_, 1);
  EXPECT_TRUE(pipe.put(message(500'000)));
  EXPECT_THAT(pipe.take(), SizeIs(1));
}

TEST_F(MessagePipeTest, ReceiversStopWaitingWhenThePipeIsClosed) {
  MessagePipe pipe(budget_, 1);
  EXPECT_TRUE(pipe.put(message(90'000)));
  std::atomic<bool> refused = false;
  std::jthread receiver([&] { refused = !pipe.put(message(90'000)); });
  pipe.close();
  receiver.join();
  EXPECT_TRUE(refused);
  MessagePipe other(budget_, 1);
  EXPECT_TRUE(other.put(message(90'000))) << "the closed pipe released its bytes";
}

}  // namespace
}  // namespace backupd
