#include "tests/servers/imap_client.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <ctime>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "base/error.h"

namespace servers {

namespace {

constexpr std::size_t kBatch = 200;

// The length of the literal announced by "{n}" at the end of `line`.
std::optional<std::size_t> announced_literal(std::string_view line) {
  if (!line.ends_with("}\r\n")) return std::nullopt;
  line.remove_suffix(3);
  const std::size_t brace = line.rfind('{');
  if (brace == std::string_view::npos) return std::nullopt;
  std::size_t size = 0;
  const auto parsed = std::from_chars(line.data() + brace + 1, line.data() + line.size(), size);
  if (parsed.ec != std::errc() || parsed.ptr != line.data() + line.size()) return std::nullopt;
  return size;
}

// "24-Nov-2026 02:30:00 +0000" (RFC 9051, date-time). Not with strftime, which depends on the
// locale.
std::string date_time(std::chrono::sys_seconds instant) {
  static constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = instant.time_since_epoch().count();
  std::tm fields{};
  static_cast<void>(::gmtime_r(&seconds, &fields));
  return fmt::format("{:02}-{}-{} {:02}:{:02}:{:02} +0000", fields.tm_mday,
                     kMonths.at(static_cast<std::size_t>(fields.tm_mon)), fields.tm_year + 1900,
                     fields.tm_hour, fields.tm_min, fields.tm_sec);
}

}  // namespace

ImapClient::ImapClient(std::string_view host, std::uint16_t port)
    : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  const std::string name(host);
  const int on = 1;
  if (!socket_ || ::inet_pton(AF_INET, name.c_str(), &address.sin_addr) != 1 ||
      ::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0) {
    base::fail(base::ErrorCode::kNetwork, "connect to {}:{}: errno {}", host, port, errno);
  }
  const std::string greeting = read_line();
  if (!greeting.starts_with("* OK")) {
    base::fail(base::ErrorCode::kNetwork, "connect to {}:{}: greeted with {}", host, port,
               greeting);
  }
}

bool ImapClient::is_greeted(std::string_view host, std::uint16_t port) {
  try {
    const ImapClient client(host, port);
    return true;
  } catch (const base::Error&) {
    return false;
  }
}

void ImapClient::login(std::string_view user, std::string_view password) {
  command(fmt::format("LOGIN {} {}", quote(user), quote(password)));
}

Answer ImapClient::try_command(std::string_view text) {
  const std::string tag = fmt::format("t{} ", ++last_tag_);
  send(fmt::format("{}{}\r\n", tag, text));
  return read_answer(tag);
}

Answer ImapClient::read_answer(const std::string& tag) {
  Answer answer;
  while (true) {
    std::string line = read_line();
    if (line.starts_with(tag)) {
      answer.result = line.substr(tag.size(), line.size() - tag.size() - 2);
      return answer;
    }
    const std::optional<std::size_t> literal = announced_literal(line);
    answer.untagged += line;
    if (literal) answer.untagged += read_exactly(*literal);
  }
}

std::string ImapClient::command(std::string_view text) {
  Answer answer = try_command(text);
  if (!answer.is_ok()) {
    base::fail(base::ErrorCode::kRefused, "{}: {}", text.substr(0, 200), answer.result);
  }
  return std::move(answer.untagged);
}

void ImapClient::append_waiting(std::string_view folder, const Delivery& message) {
  const std::string tag = fmt::format("t{} ", ++last_tag_);
  send(fmt::format("{}APPEND {} ({}) \"{}\" {{{}}}\r\n", tag, quote(folder),
                   fmt::join(message.flags, " "), date_time(message.internal_date),
                   message.bytes.size()));
  const std::string line = read_line();
  if (!line.starts_with('+')) {
    base::fail(base::ErrorCode::kRefused, "APPEND {}: {}", folder, line);
  }
  send(message.bytes + "\r\n");
  const Answer answer = read_answer(tag);
  if (!answer.is_ok()) {
    base::fail(base::ErrorCode::kRefused, "APPEND {}: {}", folder, answer.result);
  }
}

void ImapClient::append(std::string_view folder, std::span<const Delivery> messages) {
  if (waits_for_literals_) {
    for (const Delivery& message : messages) append_waiting(folder, message);
    return;
  }
  while (!messages.empty()) {
    const auto batch = messages.first(std::min(kBatch, messages.size()));
    command(append_command(folder, batch));
    messages = messages.subspan(batch.size());
  }
}

std::optional<std::uint64_t> ImapClient::storage_usage(std::string_view folder) {
  const std::string answer = command(fmt::format("GETQUOTAROOT {}", quote(folder)));
  static constexpr std::string_view kMark = "(STORAGE ";
  const std::size_t found = answer.find(kMark);
  if (found == std::string::npos) return std::nullopt;
  std::uint64_t usage = 0;
  const char* begin = answer.data() + found + kMark.size();
  const auto parsed = std::from_chars(begin, answer.data() + answer.size(), usage);
  if (parsed.ec != std::errc()) return std::nullopt;
  return usage;
}

void ImapClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0)
      base::fail(base::ErrorCode::kNetwork, "send to the test server: connection lost");
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

bool ImapClient::fill() {
  if (at_ > 0) buffer_.erase(0, at_);
  at_ = 0;
  std::array<char, 65536> piece{};
  ssize_t count = 0;
  do {
    count = ::recv(socket_.get(), piece.data(), piece.size(), 0);
  } while (count < 0 && errno == EINTR);
  if (count > 0) buffer_.append(piece.data(), static_cast<std::size_t>(count));
  return count > 0;
}

std::string ImapClient::read_line() {
  while (true) {
    const std::size_t end = buffer_.find("\r\n", at_);
    if (end != std::string::npos) {
      std::string line = buffer_.substr(at_, end + 2 - at_);
      at_ = end + 2;
      return line;
    }
    if (!fill())
      base::fail(base::ErrorCode::kNetwork, "read from the test server: connection lost");
  }
}

std::string ImapClient::read_exactly(std::size_t count) {
  while (buffer_.size() - at_ < count) {
    if (!fill())
      base::fail(base::ErrorCode::kNetwork, "read from the test server: connection lost");
  }
  std::string bytes = buffer_.substr(at_, count);
  at_ += count;
  return bytes;
}

std::string append_command(std::string_view folder, std::span<const Delivery> messages) {
  std::string text = fmt::format("APPEND {}", quote(folder));
  for (const Delivery& message : messages) {
    text += fmt::format(" ({}) \"{}\" {{{}+}}\r\n", fmt::join(message.flags, " "),
                        date_time(message.internal_date), message.bytes.size());
    text += message.bytes;
  }
  return text;
}

std::string quote(std::string_view name) {
  std::string text = "\"";
  for (const char c : name) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text + "\"";
}

}  // namespace servers
