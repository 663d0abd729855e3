#include "tests/bench/small_mail.h"

#include <iterator>

#include <fmt/core.h>

namespace bench {

std::string small_message(servers::Random& random, std::uint32_t number) {
  static constexpr std::string_view kWords[] = {
      "report",  "meeting", "invoice", "question", "holiday", "project", "server",  "budget",
      "review",  "draft",   "plan",    "offer",    "reply",   "update",  "problem", "release",
      "minutes", "travel",  "order",   "contract", "backup",  "quota",   "printer", "lunch"};
  const auto word = [&] { return kWords[random.below(std::size(kWords))]; };
  const auto person = [&] {
    const std::size_t who = random.below(5'000);
    return fmt::format("Person {} <person{}@example{}.org>", who, who, who % 50);
  };
  return fmt::format(
      "From: {}\r\nTo: {}\r\nSubject: {} {} {} {}\r\n"
      "Date: {}, {} {} 2024 {:02}:{:02}:00 +0100\r\n"
      "Message-ID: <{:016x}.{}@example.org>\r\n\r\n{} {} {} {}.\r\n",
      person(), person(), word(), word(), word(), number, "Mon", 1 + random.below(28), "Jan",
      random.below(24), random.below(60), random.next(), number, word(), word(), word(), word());
}

}  // namespace bench
