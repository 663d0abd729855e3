// One account with a million messages in one folder, and the cost of a night with 100 changes.
#include <fmt/core.h>

#include "store/search.h"
#include "tests/bench/bench_store.h"
#include "tests/bench/small_mail.h"

namespace bench {

namespace {

const char* const kAccount = "million";

}  // namespace

void make_million(const base::Path& directory, std::uint32_t messages) {
  const base::Clock& clock = base::system_clock();
  store::init(location_in(directory), base::real_file_system(), clock);
  const Stopwatch watch;
  {
    store::Writer writer =
        store::Writer::open(location_in(directory), base::real_file_system(), clock);
    servers::Random random(1);
    store::FolderDraft draft(writer.reader(), folder_named("INBOX"));
    for (std::uint32_t uid = 1; uid <= messages; ++uid) {
      const store::StoredMessage stored = add(writer, small_message(random, uid));
      draft.put(entry(uid, stored), stored.digest);
    }
    commit(writer, kAccount, {writer.seal(draft)});
    writer.commit();
  }
  print("million: first run", watch.seconds(), "s");
  print("million: first run, peak memory", peak_megabytes(), "MiB");
  print_sizes(directory);
}

void change_million(const base::Path& directory) {
  const base::Clock& clock = base::system_clock();
  const Stopwatch watch;
  std::uint64_t bytes = 0;
  {
    store::Writer writer =
        store::Writer::open(location_in(directory), base::real_file_system(), clock);
    servers::Random random(2);
    const store::FolderRecord last =
        writer.reader().folders(writer.reader().newest_snapshot(kAccount).value()).at(0);
    const auto messages = static_cast<std::uint32_t>(last.receipt.messages);
    store::FolderDraft draft(writer.reader(), last);
    for (int i = 0; i < 60; ++i) {
      const auto uid = static_cast<std::uint32_t>(1 + random.below(messages));
      draft.set_state({uid}, {"\\Flagged", "\\Seen"}, 2'000'000);
    }
    for (int i = 0; i < 20; ++i) {
      draft.expunge({static_cast<std::uint32_t>(1 + random.below(messages))});
    }
    for (std::uint32_t i = 1; i <= 20; ++i) {
      const std::uint32_t uid = messages + 1'000 + i;
      const store::StoredMessage stored = add(writer, small_message(random, uid));
      draft.put(entry(uid, stored), stored.digest);
    }
    commit(writer, kAccount, {writer.seal(draft)});
    writer.commit();
    bytes = writer.statistics().stored_bytes;
  }
  print("million: 100 changes", watch.seconds(), "s");
  print("million: 100 changes, stored", static_cast<double>(bytes) / 1e3, "kB");
  print("million: 100 changes, peak memory", peak_megabytes(), "MiB");
}

void search_million(const base::Path& directory) {
  store::Reader reader = store::Reader::open(location_in(directory), base::real_file_system());
  for (const char* text : {"subject:123456", "from:person77 invoice", "report", "report -draft",
                           "after:2024-01-10 before:2024-01-12", "folder:INBOX"}) {
    for (const bool is_history : {false, true}) {
      store::SearchScope scope;
      scope.account = kAccount;
      if (!is_history) scope.snapshot = reader.newest_snapshot(kAccount);
      scope.shown_name = [](const store::SnapshotInfo&, const store::FolderInfo& info) {
        return info.raw_name;
      };
      const Stopwatch watch;
      const store::SearchResult result =
          store::search(reader, store::Query::parse(text, "UTC", {}), scope);
      print(fmt::format("million: search {} ({}, {} found)", text,
                        is_history ? "all of history" : "newest snapshot", result.total),
            watch.seconds(), "s");
    }
  }
  print("million: search, peak memory", peak_megabytes(), "MiB");
}

}  // namespace bench
