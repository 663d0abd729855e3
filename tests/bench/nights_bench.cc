// Thirty nights with 20 new messages for each of 50 accounts, compared with one run with all of
// them.
#include <filesystem>

#include <fmt/core.h>

#include "tests/bench/bench_store.h"
#include "tests/servers/mail_generator.h"

namespace bench {

namespace {

constexpr int kNights = 30;
constexpr int kAccounts = 50;
constexpr int kMessages = 20;

struct Account {
  std::string name;
  std::uint32_t last_uid = 0;
  store::FolderRecord inbox;
};

std::vector<Account> make_accounts() {
  std::vector<Account> accounts(kAccounts);
  for (int i = 0; i < kAccounts; ++i)
    accounts[static_cast<std::size_t>(i)].name = fmt::format("a{}", i);
  return accounts;
}

void add_to(store::Writer& writer, Account& account, servers::MailGenerator& generator, int count) {
  store::FolderDraft draft = account.last_uid == 0
                                 ? store::FolderDraft(writer.reader(), folder_named("INBOX"))
                                 : store::FolderDraft(writer.reader(), account.inbox);
  for (int i = 0; i < count; ++i) {
    const store::StoredMessage stored = add(writer, generator.any(), account.name);
    draft.put(entry(++account.last_uid, stored), stored.digest);
  }
  account.inbox = writer.seal(draft);
  commit(writer, account.name, {account.inbox});
}

std::uint64_t pack_bytes(const base::Path& directory) {
  return store::Reader::open(location_in(directory), base::real_file_system()).size().pack_bytes;
}

std::uint64_t bytes_after(const base::Path& directory, int runs) {
  const base::Clock& clock = base::system_clock();
  store::init(location_in(directory), base::real_file_system(), clock);
  std::vector<Account> accounts = make_accounts();
  // Every account gets the same mail in both measurements.
  std::vector<servers::MailGenerator> generators;
  for (int i = 0; i < kAccounts; ++i) generators.emplace_back(static_cast<std::uint64_t>(i));
  for (int run = 0; run < runs; ++run) {
    store::Writer writer =
        store::Writer::open(location_in(directory), base::real_file_system(), clock);
    for (std::size_t i = 0; i < accounts.size(); ++i) {
      add_to(writer, accounts[i], generators[i], kMessages * kNights / runs);
    }
    writer.commit();
  }
  return pack_bytes(directory);
}

}  // namespace

void thirty_nights(const base::Path& directory) {
  std::filesystem::create_directories(directory / "one");
  std::filesystem::create_directories(directory / "thirty");
  const auto one = static_cast<double>(bytes_after(directory / "one", 1));
  const auto thirty = static_cast<double>(bytes_after(directory / "thirty", kNights));
  print("nights: one run", one / 1e6, "MB");
  print("nights: thirty runs", thirty / 1e6, "MB");
  print("nights: thirty runs / one run, before prune", thirty / one, "");
  prune_now(directory / "one");
  prune_now(directory / "thirty");
  const auto pruned_one = static_cast<double>(pack_bytes(directory / "one"));
  const auto pruned_thirty = static_cast<double>(pack_bytes(directory / "thirty"));
  print("nights: thirty runs after prune / one run", pruned_thirty / one, "");
  print("nights: thirty runs / one run, both after prune", pruned_thirty / pruned_one, "");
}

}  // namespace bench
