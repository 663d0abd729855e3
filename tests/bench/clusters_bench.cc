// What reading one of several accounts costs, as bytes read from the packs, beside the size of the
// packs: the two pull in different directions.
#include <algorithm>
#include <filesystem>
#include <span>

#include <fmt/core.h>

#include "store/format/layout.h"
#include "store/maintenance/check.h"
#include "store/maintenance/prune.h"
#include "tests/bench/bench_store.h"
#include "tests/servers/mail_generator.h"
#include "tests/store/counting_file_system.h"
#include "tests/text_of.h"

namespace bench {

namespace {

struct SharingAccount {
  std::string name;
  std::vector<store::FolderDraft> folders;
  std::uint64_t bytes = 0;  // of its messages
};

// Folder by folder, as `mailstow-restore export` reads: the messages of 32 MiB in the order of
// their UIDs.
void export_account(store::Reader& reader, const std::string& account) {
  constexpr std::uint64_t kAtATime = std::uint64_t{32} << 20;
  std::vector<store::MessageId> ids;
  std::uint64_t bytes = 0;
  const auto read = [&] {
    reader.read_messages(
        ids, [](std::size_t, const store::MessageBytes&) {},
        [](std::size_t, const base::Error& why) {
          fmt::print("export: DAMAGED: {}\n", why.what());
        });
    ids.clear();
    bytes = 0;
  };
  for (const store::FolderRecord& folder :
       reader.folders(reader.newest_snapshot(account).value())) {
    reader.for_each_message(folder, [&](const store::MessageEntry& message) {
      if (bytes + message.size > kAtATime) read();
      ids.push_back(message.message);
      bytes += message.size;
    });
    read();
  }
}

// The share of an account is that of its bytes in the messages of all.
void print_reads(const base::Path& directory, std::span<const SharingAccount> accounts,
                 std::size_t exported, std::string_view when) {
  const store::Location location = location_in(directory);
  tests::CountingFileSystem files;
  const base::Path packs = store::packs_directory(location);
  double messages = 0;
  for (const SharingAccount& account : accounts) messages += static_cast<double>(account.bytes);
  double packed = 0;
  for (const auto& pack : std::filesystem::directory_iterator(packs)) {
    packed += static_cast<double>(pack.file_size());
  }
  print(fmt::format("packs, {}", when), packed / 1e6, "MB");
  double worst = 0;
  for (const SharingAccount& account : accounts.first(exported)) {
    files.forget();
    store::Reader reader = store::Reader::open(location, files);
    export_account(reader, account.name);
    const double share = packed * static_cast<double>(account.bytes) / messages;
    worst = std::max(worst, static_cast<double>(files.bytes_read_below(packs)) / share);
  }
  print(fmt::format("export of one account, {}: bytes read / its share, the worst", when), worst,
        "");
  files.forget();
  const Stopwatch watch;
  const store::CheckReport report =
      store::check(location, files, {.depth = store::CheckDepth::kReadData});
  if (!report.is_intact()) fmt::print("check --read-data: the store is DAMAGED\n");
  print(fmt::format("check --read-data, {}: bytes read / bytes stored", when),
        static_cast<double>(files.bytes_read_below(packs)) / packed, "");
  print(fmt::format("check --read-data, {}", when), watch.seconds(), "s");
}

std::vector<SharingAccount> make_accounts(std::size_t count) {
  std::vector<SharingAccount> accounts(count);
  for (std::size_t i = 0; i < count; ++i) accounts[i].name = fmt::format("a{:03}", i);
  return accounts;
}

void add_snapshot(store::Writer& writer, SharingAccount& account, std::chrono::sys_seconds time) {
  store::SnapshotDraft snapshot;
  snapshot.account = account.name;
  snapshot.time = time;
  for (store::FolderDraft& draft : account.folders) snapshot.folders.push_back(writer.seal(draft));
  writer.add_snapshot(snapshot);
}

std::chrono::sys_seconds today() {
  return std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
}

}  // namespace

void four_accounts(const base::Path& directory, const base::Path& mail) {
  constexpr std::size_t kAccounts = 4;
  std::vector<SharingAccount> accounts = make_accounts(kAccounts);
  store::init(location_in(directory), base::real_file_system(), base::system_clock());
  {
    store::Writer writer =
        store::Writer::open(location_in(directory), base::real_file_system(), base::system_clock());
    // Turn by turn, as messages arrive over the connections of a backup.
    for (const MailFolder& below : mail_below(mail)) {
      for (SharingAccount& account : accounts)
        account.folders.emplace_back(folder_named(below.name));
      for (std::uint32_t i = 0; i < below.messages.size(); ++i) {
        SharingAccount& account = accounts[i % kAccounts];
        const std::string text = tests::text_of(below.messages[i]);
        const store::StoredMessage stored = add(writer, text, account.name);
        account.folders.back().put(entry(i + 1, stored), stored.digest);
        account.bytes += text.size();
      }
    }
    for (SharingAccount& account : accounts) add_snapshot(writer, account, today());
    writer.commit();
  }
  print_reads(directory, accounts, kAccounts, "before prune");
  forget_peak();
  const Stopwatch watch;
  prune_now(directory);
  print("prune", watch.seconds(), "s");
  print("prune, peak memory", peak_megabytes(), "MiB");
  print_reads(directory, accounts, kAccounts, "after prune");
}

void a_year(const base::Path& directory, std::size_t nights) {
  constexpr std::size_t kAccounts = 100;
  constexpr std::size_t kMessages = 5;
  constexpr std::size_t kPruned = 30;  // nights between two prunes
  constexpr std::size_t kExported = 10;
  std::vector<SharingAccount> accounts = make_accounts(kAccounts);
  std::vector<servers::MailGenerator> generators;
  for (std::size_t i = 0; i < kAccounts; ++i) generators.emplace_back(i);
  const base::Path pruned = directory / "pruned";
  const base::Path unpruned = directory / "unpruned";
  for (const base::Path& place : {pruned, unpruned}) {
    std::filesystem::create_directories(place);
    store::init(location_in(place), base::real_file_system(), base::system_clock());
  }
  const std::chrono::sys_seconds first = today() - std::chrono::days(nights);
  std::uint32_t uid = 0;
  // The same mail in both: what was added to the first is added to the second.
  for (std::size_t night = 0; night < nights; ++night) {
    std::vector<std::string> arrived;
    for (std::size_t i = 0; i < kAccounts; ++i) {
      for (std::size_t k = 0; k < kMessages; ++k) arrived.push_back(generators[i].any());
    }
    for (const base::Path& place : {pruned, unpruned}) {
      store::Writer writer =
          store::Writer::open(location_in(place), base::real_file_system(), base::system_clock());
      for (std::size_t i = 0; i < kAccounts; ++i) {
        SharingAccount& account = accounts[i];
        std::vector<store::FolderRecord> known;
        if (const auto last = writer.reader().newest_snapshot(account.name)) {
          known = writer.reader().folders(*last);
        }
        store::FolderDraft draft = known.empty()
                                       ? store::FolderDraft(writer.reader(), folder_named("INBOX"))
                                       : store::FolderDraft(writer.reader(), known.front());
        for (std::size_t k = 0; k < kMessages; ++k) {
          const std::string& text = arrived[i * kMessages + k];
          const store::StoredMessage stored = add(writer, text, account.name);
          draft.put(entry(uid + static_cast<std::uint32_t>(k) + 1, stored), stored.digest);
          if (place == pruned) account.bytes += text.size();
        }
        store::SnapshotDraft snapshot;
        snapshot.account = account.name;
        snapshot.time = first + std::chrono::days(night);
        snapshot.folders = {writer.seal(draft)};
        writer.add_snapshot(snapshot);
      }
      writer.commit();
    }
    uid += kMessages;
    if (night % kPruned == kPruned - 1) prune_now(pruned);
  }
  print_reads(unpruned, accounts, kExported, "a year before prune");
  forget_peak();
  prune_now(pruned);
  print("the last prune of a year, peak memory", peak_megabytes(), "MiB");
  print_reads(pruned, accounts, kExported, "a year with prunes");
}

}  // namespace bench
