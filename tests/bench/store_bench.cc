// Adding, checking and reading mail from files.
#include <filesystem>
#include <fstream>
#include <random>

#include <fmt/core.h>

#include "store/maintenance/check.h"
#include "tests/bench/bench_store.h"
#include "tests/servers/mail_generator.h"
#include "tests/text_of.h"

namespace bench {

namespace {

std::vector<store::MessageId> all_messages(store::Reader& reader) {
  std::vector<store::MessageId> ids;
  for (const std::string& account : reader.accounts()) {
    for (const store::FolderRecord& folder :
         reader.folders(reader.newest_snapshot(account).value())) {
      reader.for_each_message(
          folder, [&](const store::MessageEntry& message) { ids.push_back(message.message); });
    }
  }
  return ids;
}

// In bytes, half below 64 KiB and half above: many small ones, and a few that make up most of the
// volume.
std::size_t attached_bytes(servers::Random& random) {
  const std::size_t power = std::size_t{1} << (12 + random.below(8));  // 4 KiB to 512 KiB
  return power + random.below(power);
}

}  // namespace

void make_mail(const base::Path& directory, std::size_t messages) {
  constexpr std::size_t kFolders = 5;
  constexpr std::size_t kForEachAttachment = 10;  // messages
  servers::MailGenerator generator(1);
  servers::Random random(2);
  for (std::size_t i = 0; i < messages; ++i) {
    const base::Path below = directory / fmt::format("folder-{}", i % kFolders);
    std::filesystem::create_directories(below);
    std::ofstream(below / fmt::format("{:06}.eml", i), std::ios::binary)
        << (random.one_in(kForEachAttachment) ? generator.attachment(attached_bytes(random))
                                              : generator.any());
  }
}

void add_mail(const base::Path& directory, const base::Path& mail) {
  const std::vector<MailFolder> folders = mail_below(mail);
  const base::Clock& clock = base::system_clock();
  store::init(location_in(directory), base::real_file_system(), clock);
  double bytes = 0;
  const Stopwatch watch;
  {
    store::Writer writer =
        store::Writer::open(location_in(directory), base::real_file_system(), clock);
    std::vector<store::FolderRecord> records;
    for (const MailFolder& mail_directory : folders) {
      store::FolderDraft draft(writer.reader(), folder_named(mail_directory.name));
      std::uint32_t uid = 0;
      for (const base::Path& path : mail_directory.messages) {
        const std::string message = tests::text_of(path);
        bytes += static_cast<double>(message.size());
        const store::StoredMessage stored = add(writer, message);
        draft.put(entry(++uid, stored), stored.digest);
      }
      records.push_back(writer.seal(draft));
    }
    commit(writer, "alice", std::move(records));
    writer.commit();
  }
  const double seconds = watch.seconds();
  print("add", seconds, "s");
  print("add, speed", bytes / 1e6 / seconds, "MB/s");
  print("add, peak memory", peak_megabytes(), "MiB");
  print_sizes(directory);
}

void prune_all(const base::Path& directory) {
  const Stopwatch watch;
  prune_now(directory);
  print("prune", watch.seconds(), "s");
  print("prune, peak memory", peak_megabytes(), "MiB");
  print_sizes(directory);
}

void check_data(const base::Path& directory) {
  const Stopwatch watch;
  store::CheckOptions options;
  options.depth = store::CheckDepth::kReadData;
  const store::CheckReport report =
      store::check(location_in(directory), base::real_file_system(), options);
  print("check --read-data", watch.seconds(), "s");
  print("check --read-data, peak memory", peak_megabytes(), "MiB");
  if (!report.is_intact()) fmt::print("check --read-data: the store is DAMAGED\n");
}

void read_all(const base::Path& directory) {
  store::Reader reader = store::Reader::open(location_in(directory), base::real_file_system());
  const std::vector<store::MessageId> ids = all_messages(reader);
  double bytes = 0;
  std::size_t damaged = 0;
  const Stopwatch watch;
  reader.read_messages(
      ids,
      [&](std::size_t, const store::MessageBytes& message) {
        bytes += static_cast<double>(message.size());
      },
      [&](std::size_t, const base::Error&) { ++damaged; });
  print("read all", watch.seconds(), "s");
  print("read all, speed", bytes / 1e6 / watch.seconds(), "MB/s");
  print("read all, peak memory", peak_megabytes(), "MiB");
  if (damaged > 0) fmt::print("read all: {} messages are DAMAGED\n", damaged);
}

void read_one(const base::Path& directory) {
  constexpr int kTimes = 100;
  std::mt19937 random(1);
  double seconds = 0;
  for (int i = 0; i < kTimes; ++i) {
    // A new reader each time: nothing is cached, except in the system's page cache.
    store::Reader reader = store::Reader::open(location_in(directory), base::real_file_system());
    static const std::vector<store::MessageId> ids = all_messages(reader);
    store::Reader fresh = store::Reader::open(location_in(directory), base::real_file_system());
    const Stopwatch watch;
    fresh.read_message(ids[random() % ids.size()]);
    seconds += watch.seconds();
  }
  print("read one at random", seconds / kTimes * 1e3, "ms");
}

}  // namespace bench
