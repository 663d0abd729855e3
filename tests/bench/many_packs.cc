#include "tests/bench/many_packs.h"

#include <cstdint>
#include <future>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "store/folder_draft.h"
#include "store/format/bucket.h"
#include "store/format/layout.h"
#include "store/writer.h"
#include "tests/bench/bench_store.h"
#include "tests/bench/small_mail.h"
#include "tests/store/storage/model_storage.h"

namespace bench {

namespace {

constexpr std::size_t kPacksOfNight = 100;
constexpr std::size_t kAccountsInTurn = 20;
constexpr unsigned kUploads = 8;  // at a time

using Blobs = std::map<store::BlobName, base::Bytes>;

std::string account_named(std::size_t number) {
  return fmt::format("person{:02}", number);
}

// Each night one of the accounts has new messages. Returns the id of the first message.
std::string write_nights(store::Writer& writer, std::size_t nights) {
  servers::Random random(1);
  std::vector<store::FolderDraft> inboxes;
  inboxes.reserve(kAccountsInTurn);
  for (std::size_t i = 0; i < kAccountsInTurn; ++i) inboxes.emplace_back(folder_named("INBOX"));
  std::string first;
  std::uint32_t number = 0;
  for (std::size_t night = 0; night < nights; ++night) {
    const std::string account = account_named(night % kAccountsInTurn);
    store::FolderDraft& inbox = inboxes[night % kAccountsInTurn];
    for (std::size_t i = 0; i < kPacksOfNight; ++i) {
      // Without a snapshot, this only publishes a pack.
      if (i > 0) writer.commit();
      ++number;
      const store::StoredMessage stored = add(writer, small_message(random, number), account);
      inbox.put(entry(number, stored), stored.digest);
      if (first.empty()) first = stored.id.object.hex();
    }
    std::vector<store::FolderRecord> folders;
    folders.push_back(writer.seal(inbox));
    commit(writer, account, std::move(folders));
    writer.commit();
  }
  return first;
}

void upload(const Blobs& blobs, const base::S3Config& bucket, const base::Path& spool) {
  const std::shared_ptr<store::Storage> storage = store::shared_bucket(bucket, spool);
  std::vector<std::future<void>> uploads;
  uploads.reserve(kUploads);
  for (unsigned first = 0; first < kUploads; ++first) {
    uploads.push_back(std::async(std::launch::async, [&blobs, &storage, first] {
      std::size_t at = 0;
      for (const auto& [name, bytes] : blobs) {
        if (at++ % kUploads == first) storage->put(name, bytes);
      }
    }));
  }
  for (std::future<void>& one : uploads) one.get();
}

}  // namespace

ManyPacks write_many_packs(const base::S3Config& bucket, const base::Path& index,
                           const base::Path& key_file, std::size_t packs) {
  // It promises as little as the bucket, so the names of commit records are the same.
  const auto model = std::make_shared<tests::ModelStorage>(store::StorageTraits{});
  store::Location location;
  location.index = index;
  location.key_file = key_file;
  location.storage = model;
  store::init(location, base::real_file_system(), base::system_clock());
  ManyPacks many{.packs = 0, .account = account_named(0), .message = {}};
  {
    store::Writer writer =
        store::Writer::open(location, base::real_file_system(), base::system_clock());
    many.message = write_nights(writer, (packs + kPacksOfNight - 1) / kPacksOfNight);
  }
  many.packs = model->list(store::kPacksArea).size();
  upload(model->contents(), bucket, index / "spool");
  return many;
}

}  // namespace bench
