// Generates mail for tests: always the same for the same seed, on every machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/servers/delivery.h"

namespace servers {

// SplitMix64, because the standard's distributions differ between libraries, and cheap, because
// most of the time of some tests goes into their mail.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  std::size_t below(std::size_t bound);  // 0 to bound - 1; bound is above 0
  bool one_in(std::size_t chances) { return below(chances) == 0; }

 private:
  std::uint64_t state_;
};

// Each call generates a different message. Lines end with CRLF, headers are complete, bytes are
// 7-bit, unless the name says otherwise.
class MailGenerator {
 public:
  explicit MailGenerator(std::uint64_t seed) : random_(seed) {}

  std::string plain();
  std::string tiny();
  std::string non_ascii();                        // encoded words, a UTF-8 body
  std::string alternative();                      // text and HTML
  std::string attachment(std::size_t bytes);      // text, and that many bytes as base64
  std::string odd_attachment(std::size_t bytes);  // base64 that re-encoding would not reproduce
  std::string forwarded();                        // message/rfc822 within multipart/mixed
  std::string text(std::size_t bytes);            // about that size, one part

  std::string eight_bit_header();
  std::string without_header();
  std::string without_body();
  std::string with_nul();
  std::string with_bare_cr();
  std::string with_bare_lf();
  std::string with_cr_cr_lf();
  std::string with_endless_line();  // 20,000 bytes
  std::string broken_multipart();   // boundaries missing, out of order, nested in themselves

  // A realistic mixture, mostly small; only mail that Dovecot accepts with APPEND and returns
  // unchanged.
  std::string any();

  // One message of every kind above that any() does not generate.
  std::vector<std::string> horrors();

  // any() with flags, keywords and a date that a mailbox might hold.
  Delivery delivery();

 private:
  std::string word();
  std::string sentence();
  std::string paragraphs(std::size_t count);
  std::string binary(std::size_t bytes);
  std::string date();
  std::string header(std::string_view subject, std::string_view content);

  Random random_;
  std::uint64_t last_number_ = 0;
};

}  // namespace servers
