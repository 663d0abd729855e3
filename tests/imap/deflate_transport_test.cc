// Compressed conversations, and invalid compressed data.
#include "imap/deflate_transport.h"

#include <algorithm>
#include <string>

#include "imap/connection_lost.h"
#include "imap/session.h"
#include "tests/expect_error.h"
#include "tests/imap/conversation.h"

namespace imap {
namespace {

// One direction of a connection, which buffers a limited number of bytes and delivers them in
// pieces.
struct Pipe {
  std::string bytes;
  std::size_t room = std::string::npos;
  std::size_t piece = std::string::npos;
};

class PipeTransport : public Transport {
 public:
  PipeTransport(Pipe& in, Pipe& out) : in_(in), out_(out) {}

  std::size_t send(base::ByteView bytes) override {
    const std::size_t length = std::min(bytes.size(), out_.room - out_.bytes.size());
    out_.bytes += base::as_text(bytes.first(length));
    return length;
  }
  std::size_t receive(std::span<std::byte> buffer) override {
    const std::size_t length = std::min({buffer.size(), in_.bytes.size(), in_.piece});
    std::copy_n(base::as_bytes(in_.bytes).begin(), length, buffer.begin());
    in_.bytes.erase(0, length);
    return length;
  }
  bool wait(bool to_send, std::chrono::milliseconds) override {
    has_waited_to_send |= to_send;
    return true;
  }

  bool has_waited_to_send = false;

 private:
  Pipe& in_;
  Pipe& out_;
};

std::string receive_all(Transport& transport, std::size_t piece) {
  std::string text;
  base::Bytes buffer(piece);
  while (const std::size_t length = transport.receive(buffer)) {
    text += base::as_text(std::span(buffer).first(length));
  }
  return text;
}

std::string mail_like(std::size_t size) {
  std::string text;
  for (std::size_t at = 0; text.size() < size; ++at) {
    text += "Received: from host" + std::to_string(at * at) + ".example.org\r\n";
  }
  return text;
}

class DeflateTransportTest : public testing::Test {
 protected:
  Pipe to_server_;
  Pipe to_client_;
  std::unique_ptr<Transport> client_ =
      deflated(std::make_unique<PipeTransport>(to_client_, to_server_), {});
  std::unique_ptr<Transport> server_ =
      deflated(std::make_unique<PipeTransport>(to_server_, to_client_), {});
};

TEST_F(DeflateTransportTest, FlushesAndCompressesEachSend) {
  const std::string text = mail_like(50'000);
  EXPECT_EQ(client_->send(base::as_bytes(text)), text.size());
  EXPECT_LT(to_server_.bytes.size(), text.size() / 3);
  EXPECT_EQ(receive_all(*server_, 1000), text);
  EXPECT_EQ(server_->send(base::as_bytes("pong\r\n")), 6U);
  EXPECT_EQ(receive_all(*client_, 1), "pong\r\n");
}

TEST_F(DeflateTransportTest, CarriesMoreThanEitherSideBuffers) {
  const std::string text = mail_like(3'000'000);
  to_server_.room = 1000;
  to_server_.piece = 7;
  std::string received;
  for (std::size_t sent = 0; received.size() < text.size();) {
    sent += client_->send(base::as_bytes(text).subspan(sent));
    base::Bytes nothing(10);
    if (sent == text.size()) client_->receive(nothing);
    received += receive_all(*server_, 300);
  }
  EXPECT_EQ(received, text);
}

TEST(DeflateTransport, WaitsToSendWhileOutputIsPending) {
  Pipe in;
  Pipe out;
  out.room = 3;
  auto inner = std::make_unique<PipeTransport>(in, out);
  PipeTransport& watched = *inner;
  const auto client = deflated(std::move(inner), {});
  client->wait(false, std::chrono::milliseconds(1));
  EXPECT_FALSE(watched.has_waited_to_send);
  EXPECT_EQ(client->send(base::as_bytes("all of it")), 9U);
  EXPECT_EQ(client->send(base::as_bytes("not yet")), 0U);
  client->wait(false, std::chrono::milliseconds(1));
  EXPECT_TRUE(watched.has_waited_to_send);
}

TEST(DeflateTransport, NeverInflatesBeyondTheBuffer) {
  Pipe bomb;
  Pipe unused;
  const auto server = deflated(std::make_unique<PipeTransport>(unused, bomb), {});
  const std::string zeros = [] {
    std::string text;
    text.resize(10'000'000);
    return text;
  }();
  for (std::size_t sent = 0; sent < zeros.size();) {
    sent += server->send(base::as_bytes(zeros).subspan(sent));
  }
  EXPECT_LT(bomb.bytes.size(), zeros.size() / 500);
  const auto client = deflated(std::make_unique<PipeTransport>(bomb, unused), {});
  EXPECT_EQ(receive_all(*client, 4096), zeros);
}

TEST(DeflateTransport, RejectsUncompressedData) {
  Pipe in;
  in.bytes = "* OK not compressed at all\r\n";
  Pipe out;
  const auto client = deflated(std::make_unique<PipeTransport>(in, out), {});
  EXPECT_ERROR(kProtocol, "an invalid compressed stream", receive_all(*client, 100));
  // A stream that has ended.
  in.bytes = std::string("\x03\x00 and more", 11);
  const auto other = deflated(std::make_unique<PipeTransport>(in, out), {});
  EXPECT_ERROR(kProtocol, "an invalid compressed stream", receive_all(*other, 100));
}

// Compressed bytes, as the server sends them after COMPRESS.
std::string compressed(std::string_view text) {
  Pipe in;
  Pipe out;
  deflated(std::make_unique<PipeTransport>(in, out), {})->send(base::as_bytes(text));
  return out.bytes;
}

TEST(SessionCompressTest, CompressesIfTheServerSupportsIt) {
  Transcript transcript = Transcript::session("COMPRESS=DEFLATE");
  // The first compressed bytes may arrive with the OK.
  transcript.add("C: m3 COMPRESS DEFLATE");
  transcript.server("m3 OK go\r\n" + compressed("* OK Still here\r\n"));
  transcript.client(compressed("m4 CREATE \"x\"\r\n"));
  transcript.server(compressed("m4 OK done\r\n"));
  Session session(scripted(transcript), {});
  session.compress();
  EXPECT_TRUE(session.create("x").created);
}

TEST(SessionCompressTest, NamesCompressIfTheServerDoesNotKeepToIt) {
  Transcript transcript = Transcript::session("COMPRESS=DEFLATE");
  transcript.add("C: m3 COMPRESS DEFLATE\nS: m3 OK go");
  transcript.client(compressed("m4 CREATE \"x\"\r\n"));
  const std::size_t before = transcript.server_bytes();
  transcript.server("* OK not compressed at all\r\n");
  for (const Delivery& delivery : {Delivery{}, Delivery{.cut = before}}) {
    Session session(scripted(transcript, delivery), {});
    session.compress();
    try {
      session.create("x");
      FAIL() << "plain bytes were accepted";
    } catch (const ConnectionLost& lost) {
      EXPECT_EQ(lost.command(), "COMPRESS");
      EXPECT_THAT(lost.what(), testing::HasSubstr("after COMPRESS"));
    }
  }
}

TEST(SessionCompressTest, ContinuesUncompressedIfTheServerRefuses) {
  Transcript refused = Transcript::session("COMPRESS=DEFLATE");
  refused.add(R"(
    C: m3 COMPRESS DEFLATE
    S: m3 NO [COMPRESSIONACTIVE] TLS does that
    C: m4 CREATE "x"
    S: m4 OK done
  )");
  converse(refused, [](Session& session) {
    session.compress();
    EXPECT_TRUE(session.create("x").created);
  });
  Transcript none = Transcript::session();
  none.add("C: m3 CREATE \"x\"\nS: m3 OK done");
  converse(none, [](Session& session) {
    session.compress();
    EXPECT_TRUE(session.create("x").created);
  });
}

}  // namespace
}  // namespace imap
