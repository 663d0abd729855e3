// A server that says and hears exactly what a transcript has:
//
//   C: m4 EXAMINE "INBOX"
//   S: * 3 EXISTS
//   S: m4 OK opened
//
// Lines end with CRLF on the wire. A client that says something else, or that waits where the
// transcript wants to hear more, fails the test.
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
  Transcript& client(std::string_view bytes);  // as they are, without a line end
  Transcript& server(std::string_view bytes);

  // How a session begins: CAPABILITY (IMAP4rev1, NAMESPACE and `more`), ENABLE where that is among
  // them, and one personal namespace with an empty prefix and '/'. The next tag is m3, or m4 if
  // ENABLE is there.
  static Transcript session(std::string_view more = {});

  // The same with INBOX open: 3 messages, UIDVALIDITY 7, with ENABLE also HIGHESTMODSEQ 90. The
  // next tag is m4, or m5 if ENABLE is there.
  static Transcript inbox(std::string_view more = {});

  struct Step {
    bool is_client = false;
    std::string bytes;
  };
  const std::vector<Step>& steps() const { return steps_; }
  std::size_t server_bytes() const;
  std::size_t flights() const;  // of commands that go out together

 private:
  Transcript& add_step(bool is_client, std::string_view bytes);
  std::vector<Step> steps_;
};

// How the bytes travel.
struct Delivery {
  std::size_t piece = std::numeric_limits<std::size_t>::max();  // at most so many at a time
  std::size_t cut = std::numeric_limits<std::size_t>::max();    // then the connection is lost
  std::vector<std::string> announced = {};                      // while it let us in
};

class ScriptedTransport : public Transport {
 public:
  explicit ScriptedTransport(Transcript transcript, Delivery delivery = {});
  ~ScriptedTransport() override;  // fails the test if something of the transcript is left

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
  std::size_t at_ = 0;  // bytes of the step that are done
  std::size_t received_ = 0;
  bool has_failed_ = false;
};

std::unique_ptr<Transport> scripted(const Transcript& transcript, Delivery delivery = {});

}  // namespace imap
