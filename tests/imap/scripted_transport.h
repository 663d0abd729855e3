// A server that sends and expects exactly the lines of a transcript:
//
//   C: m4 EXAMINE "INBOX"
//   S: * 3 EXISTS
//   S: m4 OK opened
//
// Lines end with CRLF on the wire. A client that sends anything else, or that waits where the
// transcript expects more, fails the test.
#pragma once

#include <cstddef>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "imap/transport.h"

namespace imap {

class Transcript {
 public:
  Transcript() = default;
  Transcript(const char* text) { add(text); }

  Transcript& add(std::string_view text);
  Transcript& client(std::string_view bytes);  // unchanged, without a line end
  Transcript& server(std::string_view bytes);

  // The start of a session: CAPABILITY (IMAP4rev1, NAMESPACE and `more`), ENABLE if among them, and
  // one personal namespace with an empty prefix and '/'. The next tag is m3, or m4 with ENABLE.
  static Transcript session(std::string_view more = {});

  // The start of a session on a server that answers NAMESPACE with `namespaces`, and of one without
  // NAMESPACE, whose delimiter a LIST shows. `more`: further capabilities, not ENABLE. The next tag
  // is m3.
  static Transcript with_namespaces(std::string_view namespaces, std::string_view more = {});
  static Transcript without_namespaces(std::string_view more = {}, char delimiter = '/');

  // As session(), with INBOX open: 3 messages, UIDVALIDITY 7, with ENABLE also HIGHESTMODSEQ 90.
  // The next tag is m4, or m5 with ENABLE.
  static Transcript inbox(std::string_view more = {});

  struct Step {
    bool is_client = false;
    std::string bytes;
  };
  const std::vector<Step>& steps() const { return steps_; }
  std::size_t server_bytes() const;
  std::size_t flights() const;  // of commands sent together

 private:
  Transcript& add_step(bool is_client, std::string_view bytes);
  std::vector<Step> steps_;
};

// How the bytes are delivered.
struct Delivery {
  std::size_t piece = std::numeric_limits<std::size_t>::max();  // maximum bytes at a time
  std::size_t cut =
      std::numeric_limits<std::size_t>::max();  // the connection is lost after this many bytes
  std::vector<std::string> announced = {};      // capabilities announced during the login
};

class ScriptedTransport : public Transport {
 public:
  explicit ScriptedTransport(Transcript transcript, Delivery delivery = {});
  ~ScriptedTransport() override;  // fails the test if part of the transcript remains

  std::size_t send(base::ByteView bytes) override;
  std::size_t receive(std::span<std::byte> buffer) override;
  bool wait(bool to_send, std::chrono::milliseconds timeout) override;
  std::vector<std::string> announced() const override { return delivery_.announced; }

 private:
  bool is_over() const { return step_ == transcript_.steps().size(); }
  const Transcript::Step& step() const { return transcript_.steps()[step_]; }
  void advance(std::size_t length);

  Transcript transcript_;
  Delivery delivery_;
  std::size_t step_ = 0;
  std::size_t at_ = 0;  // bytes of the current step already processed
  std::size_t received_ = 0;
  bool has_failed_ = false;
};

std::unique_ptr<Transport> scripted(const Transcript& transcript, Delivery delivery = {});

}  // namespace imap
