#include "tests/store/store_fixture.h"

#include <algorithm>
#include <filesystem>

#include "tests/store/message/mime_generator.h"
#include "tests/store/random_bytes.h"

namespace store {

namespace fs = std::filesystem;

std::string random_text(unsigned seed, std::size_t size) {
  static constexpr std::string_view kWords[] = {"the ",   "mail ",   "folder ", "restore ", "of ",
                                                "quota ", "server ", "user ",   "and ",     "\r\n"};
  constexpr std::size_t kMinWord = 2;
  std::string text;
  text.reserve(size + 8);
  for (const char random : tests::random_bytes(seed, size / kMinWord + 1)) {
    const std::string_view word = kWords[static_cast<unsigned char>(random) % std::size(kWords)];
    text.append(word.data(), word.size());
    if (text.size() >= size) break;
  }
  text.resize(size);
  return text;
}

std::string base64_lines(unsigned seed, std::size_t lines) {
  constexpr std::size_t kBytesOfLine = 57;
  constexpr std::size_t kLine = 76;
  return lines == 0
             ? std::string()
             : tests::plain_base64(tests::random_bytes(seed, lines * kBytesOfLine), kLine, "\r\n") +
                   "\r\n";
}

std::string sample_message(unsigned number) {
  const std::string boundary = "=_" + std::to_string(number);
  return "From: a@example.org\r\nTo: b@example.org\r\nSubject: message " + std::to_string(number) +
         "\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"" + boundary +
         "\"\r\n\r\n--" + boundary + "\r\nContent-Type: text/plain\r\n\r\n" +
         random_text(number, 500 + number % 7 * 300) + "\r\n--" + boundary +
         "\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
         base64_lines(number % 10, 20 + number % 5) + "\r\n--" + boundary + "--\r\n";
}

std::vector<std::string> samples(unsigned first, unsigned count) {
  std::vector<std::string> messages;
  for (unsigned i = 0; i < count; ++i) messages.push_back(sample_message(first + i));
  return messages;
}

StoredMessage add_message(Writer& writer, std::string_view text, std::string_view account) {
  constexpr std::size_t kPiece = 1'000;
  IncomingMessage message = writer.begin_message();
  for (std::size_t begin = 0; begin < text.size(); begin += kPiece) {
    message.add(base::as_bytes(text.substr(begin, kPiece)));
  }
  return writer.add(message, account);
}

MessageEntry entry_of(std::uint32_t uid, const StoredMessage& message,
                      std::vector<std::string> flags, std::uint64_t modseq) {
  return {.uid = {uid},
          .message = message.id,
          .internal_date =
              base::ZonedTime{.instant = std::chrono::sys_seconds(std::chrono::seconds(uid)),
                              .zone_minutes = 120},
          .size = message.size,
          .flags = std::move(flags),
          .modseq = modseq};
}

FolderInfo folder_named(const std::string& name) {
  FolderInfo info;
  info.raw_name = name;
  info.delimiter = '/';
  info.uid_validity = 7;
  return info;
}

FolderRecord add_folder(Writer& writer, const std::string& name,
                        const std::vector<std::string>& messages, std::string_view account) {
  FolderDraft draft(folder_named(name));
  std::uint32_t uid = 0;
  for (const std::string& message : messages) {
    const StoredMessage stored = add_message(writer, message, account);
    draft.put(entry_of(++uid, stored), stored.digest);
  }
  return writer.seal(draft);
}

StoreFixture::StoreFixture(tests::HeldBy held_by) : late_storage_(tests::model_of(held_by)) {
  location_ = {.store = directory_ / "store",
               .index = directory_ / "index",
               .key_file = directory_ / "etc" / "store.key",
               .storage = late_storage_};
}

void StoreFixture::make_store() {
  init(location_, files_, clock_);
}
Writer StoreFixture::open_writer() {
  return Writer::open(location_, files_, clock_);
}
Reader StoreFixture::open_reader() {
  return Reader::open(location_, files_);
}

SnapshotInfo StoreFixture::add_snapshot(Writer& writer, const std::string& account,
                                        const std::vector<FolderRecord>& folders) {
  next_time_ += std::chrono::seconds(1);
  SnapshotDraft draft;
  draft.account = account;
  draft.time = next_time_;
  draft.folders = folders;
  return writer.add_snapshot(draft);
}

SnapshotInfo StoreFixture::back_up_at(std::chrono::sys_seconds time, const std::string& account,
                                      const std::vector<std::string>& messages, SnapshotKind kind) {
  Writer writer = open_writer();
  SnapshotDraft draft;
  draft.account = account;
  draft.time = time;
  draft.kind = kind;
  draft.folders = {add_folder(writer, "INBOX", messages)};
  SnapshotInfo made = writer.add_snapshot(draft);
  writer.commit();
  return made;
}

std::vector<std::string> StoreFixture::restore(Reader& reader, const std::string& account,
                                               const std::string& folder) {
  std::vector<MessageId> ids;
  for (const FolderRecord& record : reader.folders(reader.newest_snapshot(account).value())) {
    if (record.info.raw_name != folder) continue;
    reader.for_each_message(record, [&](const MessageEntry& e) { ids.push_back(e.message); });
  }
  std::vector<std::string> messages(ids.size());
  reader.read_messages(
      ids,
      [&](std::size_t position, const MessageBytes& message) {
        messages[position] = base::to_text(message.bytes());
      },
      [&](std::size_t position, const base::Error& why) {
        messages[position] = std::string("damaged: ") + why.what();
      });
  return messages;
}

std::vector<base::Path> StoreFixture::packs() const {
  std::vector<base::Path> packs;
  for (const auto& entry : fs::directory_iterator(location_.store / "packs")) {
    packs.push_back(entry.path());
  }
  std::ranges::sort(packs);
  return packs;
}

BlobName StoreFixture::pack_added_since(const std::vector<BlobName>& before) const {
  std::vector<BlobName> added = pack_names();
  std::erase_if(
      added, [&](const BlobName& name) { return std::ranges::find(before, name) != before.end(); });
  EXPECT_EQ(1U, added.size());
  return added.at(0);
}

std::string StoreFixture::shown(const BlobName& name) const {
  return storage_of(location_, files_)->display_name(name);
}

void StoreFixture::end_late_listings() {
  if (late_storage_) late_storage_->stop_failing();
}

}  // namespace store
