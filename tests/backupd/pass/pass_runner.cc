#include "tests/backupd/pass/pass_runner.h"

#include <algorithm>
#include <memory>
#include <mutex>

#include "backupd/pass/account_pass.h"
#include "backupd/pass/commit_schedule.h"
#include "backupd/pass/restored_trees.h"
#include "imap/account_login.h"
#include "imap/curl_transport.h"
#include "store/reader.h"
#include "store/writer.h"
#include "tests/backupd/pass/recorded_account.h"

namespace backupd {

namespace {

class WatchedTransport : public imap::Transport {
 public:
  WatchedTransport(std::unique_ptr<imap::Transport> transport, const Between& between,
                   std::string& sent)
      : transport_(std::move(transport)), between_(between), sent_(sent) {}

  std::size_t send(base::ByteView bytes) override {
    const std::size_t taken = transport_->send(bytes);
    const std::string text(base::as_text(bytes.first(taken)));
    sent_ += text;
    return taken;
  }

  // The client now waits for the answer: the other client's command runs before it.
  std::size_t receive(std::span<std::byte> buffer) override {
    if (between_.meddle && reported_ < sent_.size()) {
      const std::string news = sent_.substr(std::exchange(reported_, sent_.size()));
      between_.meddle(news);
    }
    const std::size_t received = transport_->receive(buffer);
    if (between_.breaks && between_.breaks(base::as_text(buffer.first(received)))) {
      base::fail(base::ErrorCode::kNetwork, "the connection is lost");
    }
    for (const std::string& name : between_.hidden) hide(buffer.first(received), name);
    return received;
  }

  bool wait(bool to_send, std::chrono::milliseconds timeout) override {
    return transport_->wait(to_send, timeout);
  }

  std::vector<std::string> announced() const override {
    std::vector<std::string> names = transport_->announced();
    std::erase_if(names, [&](const std::string& name) {
      return std::find(between_.hidden.begin(), between_.hidden.end(), name) !=
             between_.hidden.end();
    });
    return names;
  }

 private:
  static void hide(std::span<std::byte> bytes, const std::string& name) {
    const std::string word = ' ' + name;
    const auto same = [](std::byte byte, char letter) {
      return std::to_integer<char>(byte) == letter;
    };
    auto found = std::search(bytes.begin(), bytes.end(), word.begin(), word.end(), same);
    if (found == bytes.end()) return;
    for (std::size_t at = 1; at < word.size(); ++at)
      found[static_cast<std::ptrdiff_t>(at)] = std::byte{'X'};
  }

  std::unique_ptr<imap::Transport> transport_;
  const Between& between_;
  std::string& sent_;
  std::size_t reported_ = 0;
};

}  // namespace

PassRunner::PassRunner(std::string user)
    : user_(std::move(user)),
      location_{directory_.path() / "store", directory_.path() / "index",
                directory_.path() / "key"} {
  store::init(location_, base::real_file_system(), base::system_clock());
}

PassRunner::PassRunner(const servers::Server& server, std::string user)
    : PassRunner(std::move(user)) {
  server_ = &server;
}

AccountReport PassRunner::run(const Between& between) {
  sent_.clear();
  imap::Endpoint endpoint;
  endpoint.url = server_->plain_url();
  endpoint.tls = imap::TlsMode::kNone;
  imap::Login login;
  login.user = user_;
  login.password = base::Secret(servers::Server::password(user_));
  return run_over([&] {
    return std::make_unique<WatchedTransport>(imap::connect_with_curl(endpoint, login), between,
                                              sent_);
  });
}

AccountReport PassRunner::run_over(std::unique_ptr<imap::Transport> transport) {
  return run_over([&] {
    if (!transport) base::fail(base::ErrorCode::kNetwork, "there is no other connection");
    return std::move(transport);
  });
}

AccountReport PassRunner::run_over(const Connect& connect) {
  base::AccountConfig account;
  account.name = user_;
  account.user = user_;
  account.server = "main";
  base::Environment environment{{}, base::OutputFormat::kText, base::real_file_system(), clock_};
  environment.config.servers["main"] = server_config_;
  environment.config.servers["main"].connections_per_account = 1;
  AccountQueue queue(environment.config, {account});
  SpareSessions spares(queue, environment.config, account);
  clock_.pauses.clear();
  store::Writer writer = store::Writer::open(location_, base::real_file_system(), clock_);
  CommitSchedule schedule(writer, clock_);
  std::mutex mutex;
  PipeBudget budget(std::size_t{1} << 20);
  ProgressBoard progress(1, clock_);
  const RestoredTrees none({}, user_);
  CauseLog causes;
  AccountPass pass(environment, account, none, {writer, schedule, mutex, budget, progress, causes});
  AccountReport report = pass.run(
      [&](const OpenOptions& options) {
        const auto now = clock_.now_seconds();
        imap::Limits limits = imap::limits_of(server_config_);
        limits.pipeline = limits.pipeline && options.pipeline;
        limits.waits = options.waits;
        ListingState& listing = options.listing;
        listing.is_logged_in = listing.is_listed = false;
        std::unique_ptr<imap::Transport> transport = connect();
        listing.is_logged_in = true;
        const auto prefix =
            listing.is_one_by_one ? std::nullopt : std::optional(options.personal_prefix);
        imap::Session session(std::move(transport), limits, prefix);
        if (listing.is_one_by_one) session.request_status_one_by_one(listing.caution);
        imap::Namespaces namespaces = session.namespaces();
        std::vector<imap::Folder> folders = session.list_personal_folders();
        listing.is_listed = true;
        return OpenAccount{std::move(session), std::move(namespaces), std::move(folders), now};
      },
      spares);
  schedule.commit();
  return report;
}

store::SnapshotInfo PassRunner::snapshot() const {
  return store::Reader::open(location_, base::real_file_system()).newest_snapshot(user_).value();
}

void PassRunner::expect_exact() const {
  store::Reader reader = store::Reader::open(location_, base::real_file_system());
  expect_equal_to_server(reader, *server_, user_);
}

}  // namespace backupd
