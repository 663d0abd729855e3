#include "store/message/split.h"

#include <map>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/corpus.h"
#include "tests/expect_error.h"
#include "tests/store/message/mime_generator.h"
#include "tests/store/random_bytes.h"

namespace {

using store::ObjectId;
using store::PartKind;
using store::SplitLimits;
using testing::ElementsAre;
using testing::IsEmpty;
using tests::mail_with_attachments;
using tests::plain_base64;
using tests::random_bytes;

// Stores parts. Equal parts of one kind have the same id.
class Parts : public store::PartSink, public store::PartSource {
 public:
  ObjectId put(PartKind kind, base::ByteView bytes) override {
    largest = std::max(largest, bytes.size());
    smallest = std::min(smallest, bytes.size());
    const auto [place, is_new] =
        ids_.try_emplace({kind, base::Bytes(bytes.begin(), bytes.end())}, ObjectId{});
    if (is_new) {
      for (std::size_t i = 0, rest = ids_.size(); rest > 0; ++i, rest >>= 8U)
        place->second.bytes.at(i) = static_cast<std::byte>(rest);
      bytes_[{kind, place->second}] = place->first.second;
    }
    return place->second;
  }

  base::ByteView get(PartKind kind, const ObjectId& id) override { return bytes_.at({kind, id}); }

  // The parts of one kind that a record names, in the order of the message.
  std::vector<std::string> of(const base::Bytes& record, PartKind kind) {
    std::vector<std::string> texts;
    for (const auto& [part_kind, id] : store::parts_of(record))
      if (part_kind == kind) texts.push_back(base::to_text(bytes_.at({kind, id})));
    return texts;
  }

  void lengthen(PartKind kind, const ObjectId& id) { bytes_.at({kind, id}).push_back({}); }

  std::size_t largest = 0;
  std::size_t smallest = SIZE_MAX;

 private:
  std::map<std::pair<PartKind, base::Bytes>, ObjectId> ids_;
  std::map<std::pair<PartKind, ObjectId>, base::Bytes> bytes_;
};

class Split : public testing::Test {
 protected:
  base::Bytes split(std::string_view message) {
    return store::split(base::as_bytes(message), parts_, limits_);
  }

  std::string rebuild(const base::Bytes& record) {
    std::string message;
    store::rebuild(record, parts_, [&](base::ByteView piece) { message += base::as_text(piece); });
    return message;
  }

  std::string there_and_back(std::string_view message) { return rebuild(split(message)); }

  std::vector<std::string> binary_parts(const base::Bytes& record) {
    return parts_.of(record, PartKind::kBinary);
  }
  std::vector<std::string> text_parts(const base::Bytes& record) {
    return parts_.of(record, PartKind::kText);
  }

  Parts parts_;
  SplitLimits limits_;
};

TEST_F(Split, DecodesAttachments) {
  const std::string picture = random_bytes(1, 5'000);
  const std::string sound = random_bytes(2, 70'000);
  const std::string mail = mail_with_attachments({picture, sound});
  const base::Bytes record = split(mail);
  EXPECT_THAT(binary_parts(record), ElementsAre(picture, sound));
  EXPECT_EQ(rebuild(record), mail);
}

TEST_F(Split, StoresAnAttachmentSharedByTwoMessagesOnce) {
  const std::string picture = random_bytes(1, 5'000);
  const base::Bytes one = split(mail_with_attachments({picture}, "one"));
  const base::Bytes two = split(mail_with_attachments({random_bytes(2, 900), picture}, "two"));
  EXPECT_EQ(store::parts_of(one).back(), store::parts_of(two).back());
}

TEST_F(Split, StoresAnAttachmentOnceHoweverItsLinesAreBroken) {
  const std::string picture = random_bytes(1, 5'000);
  const std::string header = "Content-Transfer-Encoding: base64\r\n\r\n";
  const base::Bytes one = split(header + plain_base64(picture, 76, "\r\n") + "\r\n");
  const base::Bytes two = split(header + plain_base64(picture, 60, "\n") + "\n");
  const base::Bytes three = split(header + plain_base64(picture, 0, ""));
  EXPECT_EQ(store::parts_of(one), store::parts_of(two));
  EXPECT_EQ(store::parts_of(one), store::parts_of(three));
}

TEST_F(Split, PutsDecodedTextIntoTheTextStream) {
  const std::string page(5'000, 'x');
  const base::Bytes record = split(mail_with_attachments({page}));
  EXPECT_THAT(text_parts(record), ElementsAre(page));
  EXPECT_THAT(binary_parts(record), IsEmpty());
}

TEST_F(Split, LeavesASmallLeafAsText) {
  limits_.smallest_leaf = 500;
  EXPECT_THAT(store::parts_of(split(mail_with_attachments({random_bytes(1, 499)}))), IsEmpty());
  EXPECT_EQ(binary_parts(split(mail_with_attachments({random_bytes(1, 500)}))).size(), 1U);
}

TEST_F(Split, DecodesAfterEmptyLines) {
  const std::string picture = random_bytes(1, 5'000);
  const std::string mail = "Content-Transfer-Encoding: base64\n\n\n\r\n\n" +
                           plain_base64(picture, 72, "\n") + "\n\n-- \na list's footer\n";
  const base::Bytes record = split(mail);
  EXPECT_THAT(binary_parts(record), ElementsAre(picture));
  EXPECT_EQ(rebuild(record), mail);
}

TEST_F(Split, DecodesBeforeAndAfterAnOddLine) {
  const std::string front = random_bytes(1, 570);
  const std::string rest = random_bytes(2, 5'000);
  const std::string mail = "Content-Transfer-Encoding: base64\n\n" + plain_base64(front, 76, "\n") +
                           "AAAA\n" + plain_base64(rest, 76, "\n") + "\n";
  const base::Bytes record = split(mail);
  EXPECT_THAT(binary_parts(record), ElementsAre(front, rest));
  EXPECT_EQ(rebuild(record), mail);
}

TEST_F(Split, KeepsShortTextInTheRecord) {
  limits_.largest_inline = 100;
  const std::string header = "Subject: short\r\n\r\n";
  EXPECT_THAT(store::parts_of(split(header + std::string(100, 'a'))), IsEmpty());
  EXPECT_THAT(text_parts(split(header + std::string(101, 'a'))),
              ElementsAre(std::string(101, 'a')));
}

TEST_F(Split, CutsOutALargeTextLeaf) {
  limits_.smallest_text_leaf = 3'000;
  const std::string log(3'000, 'l');
  const auto mail = [&](std::string_view text) {
    return "Content-Type: multipart/mixed; boundary=b\n\n--b\n\n" + std::string(text) +
           "\n--b\nContent-Type: text/plain\n\n" + log + "\n--b--\n";
  };
  const base::Bytes one = split(mail("Here it is."));
  const base::Bytes two = split(mail("Here it is again."));
  EXPECT_THAT(text_parts(one), ElementsAre(log + "\n"));
  EXPECT_EQ(store::parts_of(one), store::parts_of(two));
}

TEST_F(Split, DividesAnOversizedPart) {
  limits_.largest_part = 1'000;
  const std::string picture = random_bytes(1, 2'500);
  const std::string mail = mail_with_attachments({picture}) + std::string(2'500, 'a');
  const base::Bytes record = split(mail);
  EXPECT_THAT(binary_parts(record),
              ElementsAre(picture.substr(0, 999), picture.substr(999, 999), picture.substr(1'998)));
  EXPECT_EQ(parts_.largest, 1'000U);
  EXPECT_EQ(rebuild(record), mail);
}

TEST_F(Split, KeepsAHugeHeaderOutOfTheRecord) {
  const std::string mail = "Subject: " + std::string(1'000'000, 's') + "\r\n\r\nbody";
  const base::Bytes record = split(mail);
  EXPECT_LT(record.size(), 70'000U);
  EXPECT_EQ(base::as_text(store::header_of(record)), mail.substr(0, limits_.largest_header));
  EXPECT_EQ(rebuild(record), mail);
}

TEST_F(Split, FindsHeaderAndSizeInTheRecordAlone) {
  const base::Bytes record = split("Subject: s\r\n\r\nbody");
  EXPECT_EQ(base::as_text(store::header_of(record)), "Subject: s\r\n\r\n");
  EXPECT_EQ(store::message_size(record), 18U);
}

TEST_F(Split, RebuildsOddMessages) {
  for (const std::string_view odd :
       {"", "\r\n", "\n", "no header at all", "A: b", "A: b\r\n\r\n", "\r\rbare\rCR\r",
        "Content-Transfer-Encoding: base64\r\n\r\n", "Content-Transfer-Encoding: base64\n\n\n\n"})
    EXPECT_EQ(there_and_back(odd), odd);
  const std::string zeros(100'000, '\0');
  EXPECT_EQ(there_and_back(zeros), zeros);
}

TEST_F(Split, BoundsTheRecordOfAMessageOfManyLeaves) {
  std::string mail = "Content-Type: multipart/mixed; boundary=b\n\n";
  const std::string leaf = plain_base64(random_bytes(1, 600), 76, "\n");
  for (int i = 0; i < 5'000; ++i)
    mail += "--b\nContent-Transfer-Encoding: base64\n\n" + leaf + "\n";
  const base::Bytes record = split(mail);
  EXPECT_EQ(binary_parts(record).size(), 4'096U);
  EXPECT_LT(record.size(), 1'000'000U);
  EXPECT_EQ(rebuild(record), mail);
}

TEST_F(Split, BoundsTheRecordOfALeafOfManyRuns) {
  std::string mail = "Content-Transfer-Encoding: base64\n\n";
  const std::string run = plain_base64(random_bytes(1, 700), 76, "\n") + "\n";
  for (int i = 0; i < 5'000; ++i) mail += run;
  const base::Bytes record = split(mail);
  EXPECT_EQ(binary_parts(record).size(), 4'096U);
  EXPECT_EQ(rebuild(record), mail);
}

TEST_F(Split, RejectsAPartOfADifferentLength) {
  const base::Bytes record = split(mail_with_attachments({random_bytes(1, 5'000)}));
  const auto [kind, id] = store::parts_of(record).front();
  parts_.lengthen(kind, id);
  EXPECT_ERROR(kDamaged, "5001 bytes, its record says 5000", rebuild(record));
}

TEST_F(Split, RejectsADamagedRecord) {
  base::Bytes record = split(mail_with_attachments({random_bytes(1, 5'000)}));
  record.pop_back();
  EXPECT_ERROR(kDamaged, "message record", rebuild(record));
  EXPECT_ERROR(kDamaged, "message record", store::parts_of(record));
}

TEST_F(Split, DividesALargeAttachmentIntoParts) {
  const std::string mail = mail_with_attachments({random_bytes(1, 8'500'000)});
  const base::Bytes record = split(mail);
  EXPECT_EQ(binary_parts(record).size(), 3U);
  EXPECT_TRUE(rebuild(record) == mail);
}

SplitLimits any_limits() {
  return {.largest_part = *rc::gen::inRange<std::size_t>(3, 5'000),
          .smallest_leaf = *rc::gen::inRange<std::size_t>(0, 1'000),
          .largest_inline = *rc::gen::inRange<std::size_t>(0, 1'000),
          .smallest_text_leaf = *rc::gen::inRange<std::size_t>(0, 2'000),
          .largest_header = *rc::gen::inRange<std::size_t>(0, 300)};
}

void check_there_and_back(std::string_view message, const SplitLimits& limits) {
  Parts parts;
  const base::Bytes record = store::split(base::as_bytes(message), parts, limits);
  std::string rebuilt;
  store::rebuild(record, parts, [&](base::ByteView piece) { rebuilt += base::as_text(piece); });
  RC_ASSERT(rebuilt == message);
  RC_ASSERT(parts.largest <= limits.largest_part);
  RC_ASSERT(parts.smallest > 0U);
  RC_ASSERT(store::message_size(record) == message.size());
}

RC_GTEST_PROP(SplitProperty, RebuildsGeneratedMail, ()) {
  tests::MimeGenerator generator(*rc::gen::arbitrary<std::uint64_t>());
  check_there_and_back(generator.message(), any_limits());
}

RC_GTEST_PROP(SplitProperty, RebuildsRandomBytes, ()) {
  check_there_and_back(*rc::gen::arbitrary<std::string>(), any_limits());
}

RC_GTEST_PROP(SplitProperty, DecodesEveryWellFormedAttachment, ()) {
  std::vector<std::string> attachments;
  for (std::size_t i = *rc::gen::inRange<std::size_t>(1, 6); i > 0; --i)
    attachments.push_back(random_bytes(*rc::gen::arbitrary<std::uint64_t>(),
                                       *rc::gen::inRange<std::size_t>(512, 20'000)));
  Parts parts;
  const base::Bytes record =
      store::split(base::as_bytes(mail_with_attachments(attachments)), parts, SplitLimits());
  RC_ASSERT(parts.of(record, PartKind::kBinary) == attachments);
}

TEST(SplitCorpus, RebuildsEveryMessageOfTheCorpus) {
  std::vector<std::string> messages = tests::corpus_messages();
  messages.push_back(mail_with_attachments({random_bytes(1, 5'000)}));
  for (const std::string& message : messages) {
    Parts parts;
    const base::Bytes record = store::split(base::as_bytes(message), parts, SplitLimits());
    std::string rebuilt;
    store::rebuild(record, parts, [&](base::ByteView piece) { rebuilt += base::as_text(piece); });
    EXPECT_TRUE(rebuilt == message) << message.substr(0, 500);
  }
}

}  // namespace
