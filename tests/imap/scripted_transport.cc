#include "tests/imap/scripted_transport.h"

#include <algorithm>
#include <stdexcept>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace imap {

Transcript& Transcript::add_step(bool is_client, std::string_view bytes) {
  if (steps_.empty() || steps_.back().is_client != is_client) steps_.push_back({is_client, {}});
  steps_.back().bytes += bytes;
  return *this;
}

Transcript& Transcript::client(std::string_view bytes) {
  return add_step(true, bytes);
}
Transcript& Transcript::server(std::string_view bytes) {
  return add_step(false, bytes);
}

Transcript& Transcript::add(std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    if (line.empty()) continue;
    const bool is_client = line.starts_with("C: ");
    if (!is_client && !line.starts_with("S: ")) throw std::logic_error("neither C: nor S:");
    add_step(is_client, std::string(line.substr(3)) + "\r\n");
  }
  return *this;
}

Transcript Transcript::session(std::string_view more) {
  if (more.find("ENABLE") == std::string_view::npos) {
    return with_namespaces(R"((("" "/")) NIL NIL)", more);
  }
  Transcript transcript;
  transcript.add("C: m1 CAPABILITY");
  transcript.server("* CAPABILITY IMAP4rev1 NAMESPACE " + std::string(more) +
                    "\r\nm1 OK that is all\r\n");
  const bool has_qresync = more.find("QRESYNC") != std::string_view::npos;
  const std::string enabled = has_qresync ? "QRESYNC" : "CONDSTORE";
  transcript.add("C: m2 ENABLE " + enabled + "\nC: m3 NAMESPACE\nS: * ENABLED " + enabled);
  return transcript.add(R"(
    S: m2 OK enabled
    S: * NAMESPACE (("" "/")) NIL NIL
    S: m3 OK done
  )");
}

Transcript Transcript::with_namespaces(std::string_view namespaces, std::string_view more) {
  Transcript transcript("C: m1 CAPABILITY");
  transcript.server(fmt::format("* CAPABILITY IMAP4rev1 NAMESPACE {}\r\nm1 OK done\r\n", more));
  transcript.client("m2 NAMESPACE\r\n");
  transcript.server(fmt::format("* NAMESPACE {}\r\nm2 OK done\r\n", namespaces));
  return transcript;
}

Transcript Transcript::without_namespaces(std::string_view more, char delimiter) {
  Transcript transcript("C: m1 CAPABILITY");
  transcript.server(fmt::format("* CAPABILITY IMAP4rev1 {}\r\nm1 OK done\r\n", more));
  transcript.client("m2 LIST \"\" \"\"\r\n");
  transcript.server(fmt::format("* LIST (\\Noselect) \"{}\" \"\"\r\nm2 OK done\r\n", delimiter));
  return transcript;
}

Transcript Transcript::inbox(std::string_view more) {
  Transcript transcript = session(more);
  if (more.find("ENABLE") == std::string_view::npos) {
    return transcript.add(R"(
      C: m3 EXAMINE "INBOX"
      S: * 3 EXISTS
      S: * OK [UIDVALIDITY 7] valid
      S: m3 OK opened
    )");
  }
  return transcript.add(R"(
    C: m4 EXAMINE "INBOX"
    S: * 3 EXISTS
    S: * OK [UIDVALIDITY 7] valid
    S: * OK [HIGHESTMODSEQ 90] highest
    S: m4 OK opened
  )");
}

std::size_t Transcript::flights() const {
  return static_cast<std::size_t>(
      std::count_if(steps_.begin(), steps_.end(), [](const Step& one) { return one.is_client; }));
}

std::size_t Transcript::server_bytes() const {
  std::size_t count = 0;
  for (const Step& step : steps_) count += step.is_client ? 0 : step.bytes.size();
  return count;
}

ScriptedTransport::ScriptedTransport(Transcript transcript, Delivery delivery)
    : transcript_(std::move(transcript)), delivery_(std::move(delivery)) {}

ScriptedTransport::~ScriptedTransport() {
  const bool was_cut = received_ >= delivery_.cut;
  if (!is_over() && !was_cut && !has_failed_) {
    ADD_FAILURE() << "remaining in the transcript: " << step().bytes.substr(at_);
  }
}

void ScriptedTransport::advance(std::size_t length) {
  at_ += length;
  if (at_ < step().bytes.size()) return;
  ++step_;
  at_ = 0;
}

std::size_t ScriptedTransport::send(base::ByteView bytes) {
  if (is_over() || !step().is_client) return 0;
  const std::string_view expected = std::string_view(step().bytes).substr(at_);
  const std::size_t length = std::min({bytes.size(), expected.size(), delivery_.piece});
  const std::string_view said = base::as_text(bytes.first(length));
  if (said != expected.substr(0, length)) {
    has_failed_ = true;
    throw std::logic_error("the client said: " + std::string(base::as_text(bytes)) +
                           "instead of: " + std::string(expected));
  }
  advance(length);
  return length;
}

std::size_t ScriptedTransport::receive(std::span<std::byte> buffer) {
  if (received_ >= delivery_.cut) {
    base::fail(base::ErrorCode::kNetwork, "the connection is lost");
  }
  if (is_over() || step().is_client) return 0;
  const std::string_view ready = std::string_view(step().bytes).substr(at_);
  const std::size_t length =
      std::min({buffer.size(), ready.size(), delivery_.piece, delivery_.cut - received_});
  std::copy_n(base::as_bytes(ready).begin(), length, buffer.begin());
  received_ += length;
  advance(length);
  return length;
}

bool ScriptedTransport::wait(bool to_send, std::chrono::milliseconds) {
  if (is_over()) return false;  // silence
  if (!step().is_client || to_send) return true;
  has_failed_ = true;
  throw std::logic_error("the client waits instead of saying: " + step().bytes.substr(at_));
}

std::unique_ptr<Transport> scripted(const Transcript& transcript, Delivery delivery) {
  return std::make_unique<ScriptedTransport>(transcript, std::move(delivery));
}

}  // namespace imap
