#include "tests/servers/bare_imap.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

namespace servers {

namespace {

constexpr std::array<std::string_view, 25> kVerbs = {
    "CAPABILITY", "NOOP",   "LOGOUT", "STARTTLS", "AUTHENTICATE", "LOGIN",       "SELECT",
    "EXAMINE",    "CREATE", "DELETE", "RENAME",   "SUBSCRIBE",    "UNSUBSCRIBE", "LIST",
    "LSUB",       "STATUS", "APPEND", "CHECK",    "CLOSE",        "EXPUNGE",     "SEARCH",
    "FETCH",      "STORE",  "COPY",   "UID"};

// Extension arguments of commands that are in RFC 3501.
constexpr std::array<std::string_view, 9> kExtended = {
    "RETURN ",       "(CONDSTORE",  "(QRESYNC", "HIGHESTMODSEQ", "MODSEQ",
    "CHANGEDSINCE ", "UID EXPUNGE", " SIZE)",   "MAILBOXID"};

// The size of the literal announced at the end of the line.
struct Literal {
  std::uint64_t size = 0;
  bool waits = true;
};
std::optional<Literal> literal_at_end(std::string_view line) {
  if (!line.ends_with("}\r\n")) return std::nullopt;
  const std::size_t open = line.rfind('{');
  if (open == std::string_view::npos) return std::nullopt;
  Literal literal;
  const char* const end = line.data() + line.size() - 3;
  const auto [stop, error] = std::from_chars(line.data() + open + 1, end, literal.size);
  if (error != std::errc()) return std::nullopt;
  literal.waits = stop == end;
  return literal;
}

std::string_view word(std::string_view line, std::size_t number) {
  for (; number > 0; --number) {
    line.remove_prefix(std::min(line.find(' '), line.size() - 1) + 1);
  }
  return line.substr(0, line.find_first_of(" \r"));
}

// Removes "[NAME ...] " from the line.
void remove_code(std::string& line, std::string_view name) {
  const std::size_t begin = line.find("[" + std::string(name) + " ");
  if (begin == std::string::npos) return;
  const std::size_t end = line.find(']', begin);
  if (end != std::string::npos) line.erase(begin, end + 2 - begin);
}

std::string hidden(std::string line) {
  if (line.starts_with("* CAPABILITY ")) return "* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n";
  if (line.starts_with("* OK [HIGHESTMODSEQ ")) return {};
  if (word(line, 1) != "OK") return line;
  for (const char* code : {"CAPABILITY", "APPENDUID", "COPYUID"}) remove_code(line, code);
  return line;
}

}  // namespace

std::string BareImap::from_server(std::string_view bytes) {
  std::string passed;
  from_server_ += bytes;
  for (;;) {
    const std::size_t body = std::min<std::uint64_t>(server_literal_, from_server_.size());
    passed.append(from_server_, 0, body);
    from_server_.erase(0, body);
    server_literal_ -= body;
    const std::size_t end = from_server_.find("\r\n");
    if (server_literal_ > 0 || end == std::string::npos) return passed;
    std::string line = from_server_.substr(0, end + 2);
    from_server_.erase(0, end + 2);
    if (const auto literal = literal_at_end(line)) {
      server_literal_ = literal->size;
    } else if (line.starts_with("+")) {
      client_literal_ = std::exchange(announced_, 0);
    } else if (!literal_tag_.empty() && word(line, 0) == literal_tag_) {
      announced_ = 0;  // refused: the literal will not be sent
    }
    passed += hidden(std::move(line));
  }
}

bool BareImap::is_allowed(std::string_view line) {
  // After its literal, a command may only end or continue with another literal.
  if (std::exchange(is_after_literal_, false)) {
    return line == "\r\n" || (line.starts_with(" ") && !line.starts_with(" ("));
  }
  const std::string_view verb = word(line, 1);
  if (verb.empty()) return true;  // the response to AUTHENTICATE's challenge
  if (std::find(kVerbs.begin(), kVerbs.end(), verb) == kVerbs.end()) return false;
  if (verb == "AUTHENTICATE" && !word(line, 2).ends_with("PLAIN")) return false;
  if (verb == "AUTHENTICATE" && std::count(line.begin(), line.end(), ' ') > 2) return false;
  if (verb == "LIST" && word(line, 2).starts_with("(")) return false;
  return std::none_of(kExtended.begin(), kExtended.end(), [&](std::string_view argument) {
    return line.find(argument) != std::string_view::npos;
  });
}

BareImap::Passed BareImap::from_client(std::string_view bytes) {
  Passed passed;
  from_client_ += bytes;
  for (;;) {
    const std::size_t body = std::min<std::uint64_t>(client_literal_, from_client_.size());
    passed.to_server.append(from_client_, 0, body);
    from_client_.erase(0, body);
    client_literal_ -= body;
    if (body > 0 && client_literal_ == 0) is_after_literal_ = true;
    const std::size_t end = from_client_.find("\r\n");
    if (client_literal_ > 0 || announced_ > 0 || end == std::string::npos) return passed;
    const std::string line = from_client_.substr(0, end + 2);
    from_client_.erase(0, end + 2);
    const auto literal = literal_at_end(line);
    const std::string tag(word(line, 0));
    if (!is_allowed(line) || (literal && !literal->waits)) {
      passed.breaches.push_back(line);
      passed.to_client += tag + " BAD not in RFC 3501\r\n";
      continue;
    }
    if (literal) {
      announced_ = literal->size;
      if (!line.starts_with(" ")) literal_tag_ = tag;
    }
    passed.to_server += line;
  }
}

}  // namespace servers
