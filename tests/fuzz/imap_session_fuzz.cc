// A whole session with a server that sends arbitrary responses: every call returns, or fails with
// an Error. The dictionary is imap.dict.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "imap/session.h"
#include "tests/fuzz/fuzzer.h"

namespace {

constexpr std::string_view kLoggedIn =
    "* CAPABILITY IMAP4rev1 ENABLE CONDSTORE NAMESPACE LIST-STATUS ESEARCH UIDPLUS MULTIAPPEND "
    "QUOTA LITERAL- ACL METADATA\r\n"
    "m1 OK\r\n* NAMESPACE ((\"\" \"/\")) NIL ((\"S/\" \"/\"))\r\nm2 OK\r\nm3 OK\r\n";

// Accepts everything sent, and returns the fuzzer's input in small pieces.
class FuzzTransport : public imap::Transport {
 public:
  explicit FuzzTransport(base::ByteView bytes) : said_(kLoggedIn) { said_ += base::as_text(bytes); }

  std::size_t send(base::ByteView bytes) override { return std::min<std::size_t>(bytes.size(), 9); }

  std::size_t receive(std::span<std::byte> buffer) override {
    // Returns nothing every other time, so that the session also sends.
    if (is_pausing_ = !is_pausing_; is_pausing_) return 0;
    if (at_ == said_.size()) base::fail(base::ErrorCode::kNetwork, "the end");
    const std::size_t length = std::min({buffer.size(), said_.size() - at_, std::size_t{7}});
    std::copy_n(base::as_bytes(said_).begin() + static_cast<std::ptrdiff_t>(at_), length,
                buffer.begin());
    at_ += length;
    return length;
  }

  bool wait(bool, std::chrono::milliseconds) override { return true; }

 private:
  std::string said_;
  std::size_t at_ = 0;
  bool is_pausing_ = false;
};

// Checks the guarantees of message.h and session.h.
class Sink : public imap::MessageSink {
 public:
  void body_piece(base::ByteView piece) override { has_pieces_ |= !piece.empty(); }
  void message(const imap::MessageItems& items, imap::BodyKind body) override {
    if (!items.uid || items.uid->value == 0 || items.uid->value > 9) std::abort();
    const bool has_body = body == imap::BodyKind::kLiteral || body == imap::BodyKind::kString;
    if (std::exchange(has_pieces_, false) && !has_body) std::abort();
  }
  void discard() override { has_pieces_ = false; }

 private:
  bool has_pieces_ = false;
};

void converse(imap::Session& session) {
  const imap::UidSet uids = imap::UidSet(std::vector<imap::UidRange>{{base::Uid{1}, base::Uid{9}}});
  session.list_personal_folders();
  session.select("INBOX");
  Sink sink;
  session.fetch_messages(uids, sink);
  session.fetch_states(uids, 5, [](const imap::MessageItems&) {});
  session.search_all();
  const std::string bytes(5000, 'x');  // long enough to wait for a go-ahead
  const std::vector<imap::AppendMessage> messages(2, {{}, {}, base::as_bytes(bytes)});
  if (session.append("x\ny", messages).size() != messages.size()) std::abort();
  const imap::AppendAnswer answer = session.append_together("x", messages);
  if (!answer.uids.empty() && answer.uids.size() != messages.size()) std::abort();
  session.quota_roots("x");
  session.expunge(uids);
  const std::vector<std::string> names = {"INBOX", ""};
  session.details(names);
  session.logout();
}

}  // namespace

MAILSTOW_FUZZER(imap_session_fuzz) {
  base::set_log_level(base::LogLevel::kOff);
  imap::Limits limits;
  limits.max_kept = 4000;
  limits.max_items = 300;
  limits.max_token = 200;
  try {
    imap::Session session(std::make_unique<FuzzTransport>(std::as_bytes(std::span(data, size))),
                          limits);
    converse(session);
  } catch (const base::Error&) {
    // Any kind of error is acceptable: the server provokes them.
  }
  return 0;
}
