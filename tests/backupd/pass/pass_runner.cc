#include "tests/backupd/pass/pass_runner.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/error.h"
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
  const std::vector<PassAccount> alone = {
      {.name = user_, .connect = connect, .connections = connections_}};
  return run_together(alone).front();
}

std::vector<AccountReport> PassRunner::run_together(std::span<const PassAccount> accounts) {
  clock_.forget_pauses();
  return run_passes(location_, server_config_, accounts, clock_);
}

store::SnapshotInfo PassRunner::snapshot() const {
  return store::Reader::open(location_, base::real_file_system()).newest_snapshot(user_).value();
}

void PassRunner::expect_exact() const {
  store::Reader reader = store::Reader::open(location_, base::real_file_system());
  expect_equal_to_server(reader, *server_, user_);
}

}  // namespace backupd
