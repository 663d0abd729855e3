#include "imap/response.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

#include "base/ascii.h"
#include "base/utf8.h"
#include "imap/fetch_response.h"
#include "imap/folder_response.h"
#include "imap/response_words.h"

namespace imap {

namespace {

using base::equal_ignoring_case;
using base::to_upper;

std::optional<Condition> find_condition(std::string_view word) {
  static constexpr std::pair<std::string_view, Condition> kConditions[] = {
      {"OK", Condition::kOk},   {"NO", Condition::kNo},           {"BAD", Condition::kBad},
      {"BYE", Condition::kBye}, {"PREAUTH", Condition::kPreauth},
  };
  for (const auto& [name, condition] : kConditions) {
    if (equal_ignoring_case(word, name)) return condition;
  }
  return std::nullopt;
}

// "[NAME arguments]". A ']' inside parentheses does not end the code: some servers have it in
// keywords.
ResponseCode read_code(Lexer& lexer) {
  lexer.expect('[');
  std::string inside(lexer.text_until(']'));
  while (!lexer.at_end_of_line() && std::count(inside.begin(), inside.end(), '(') >
                                        std::count(inside.begin(), inside.end(), ')')) {
    lexer.expect(']');
    inside += ']';
    inside += lexer.text_until(']');
  }
  lexer.take_if(']');
  ResponseCode code;
  const std::size_t end = std::min(inside.find(' '), inside.size());
  std::transform(inside.begin(), inside.begin() + static_cast<std::ptrdiff_t>(end),
                 std::back_inserter(code.name), to_upper);
  if (end < inside.size()) code.arguments = inside.substr(end + 1);
  return code;
}

StatusResponse read_status(Lexer& lexer, std::string tag, Condition condition) {
  StatusResponse response;
  response.tag = std::move(tag);
  response.condition = condition;
  lexer.skip_spaces();
  if (lexer.peek() == '[') {
    response.code = read_code(lexer);
    lexer.skip_spaces();
  }
  response.text = base::shortened(lexer.text(), kMaxStatusText);
  return response;
}

Response read_tagged(Lexer& lexer) {
  std::string tag(lexer.atom());
  lexer.skip_spaces();
  const std::optional<Condition> condition = find_condition(lexer.atom());
  if (tag.empty() || !condition || *condition == Condition::kBye ||
      *condition == Condition::kPreauth) {
    lexer.fail_protocol("a line that is not a response");
  }
  return read_status(lexer, std::move(tag), *condition);
}

Response read_search(Lexer& lexer) {
  std::vector<base::Uid> numbers;
  for (;;) {
    lexer.skip_spaces();
    if (lexer.at_end_of_line()) break;
    if (lexer.peek() == '(') {  // (MODSEQ n), RFC 7162
      lexer.skip_value();
      continue;
    }
    const std::optional<std::uint32_t> number = read_number(lexer);
    if (!number) lexer.fail_protocol("a search result that is not a number");
    if (*number != 0) numbers.push_back(base::Uid{*number});  // no message has UID 0
  }
  SearchResponse response;
  response.numbers = UidSet(numbers);
  return response;
}

Response read_esearch(Lexer& lexer) {
  SearchResponse response;
  response.has_uids = false;
  lexer.skip_spaces();
  if (lexer.peek() == '(') {
    std::vector<std::string> words = read_list(lexer);  // (TAG "a1")
    if (words.size() == 2 && equal_ignoring_case(words[0], "TAG")) {
      response.tag = std::move(words[1]);
    }
  }
  for (lexer.skip_spaces(); !lexer.at_end_of_line(); lexer.skip_spaces()) {
    const std::string item = lexer.string();
    if (equal_ignoring_case(item, "UID")) {
      response.has_uids = true;
      continue;
    }
    lexer.skip_spaces();
    if (equal_ignoring_case(item, "ALL")) {
      const UidSet numbers = read_uid_set(lexer);
      for (const UidRange& range : numbers.ranges()) response.numbers.add(range);
    } else {
      lexer.skip_value();
    }
  }
  return response;
}

Response read_vanished(Lexer& lexer) {
  VanishedResponse response;
  lexer.skip_spaces();
  if (lexer.peek() == '(') {
    const std::vector<std::string> words = read_list(lexer);
    response.is_earlier = words.size() == 1 && equal_ignoring_case(words[0], "EARLIER");
    lexer.skip_spaces();
  }
  response.uids = read_uid_set(lexer);
  return response;
}

Response read_flags_response(Lexer& lexer) {
  lexer.skip_spaces();
  return FlagsResponse{read_list(lexer)};
}

// A list of keys and values, or NIL.
Response read_id_response(Lexer& lexer) {
  IdResponse response;
  lexer.skip_spaces();
  if (lexer.peek() != '(') return response;
  const std::vector<std::string> words = read_list(lexer);
  for (std::size_t i = 0; i + 1 < words.size(); i += 2) {
    if (equal_ignoring_case(words[i], "name")) response.name = words[i + 1];
  }
  return response;
}

// What follows the end of a line of this kind: it is skipped, or the line is not understood.
enum class Leftover { kSkipped, kInvalidates };

// A line that is not understood is left out, or it ends the connection: without it, messages would
// count as deleted, or as still there.
enum class Oddity { kLeftOut, kFails };

struct Reader {
  std::string_view kind;
  Response (*read)(Lexer&) = nullptr;
  Leftover leftover = Leftover::kSkipped;
  Oddity oddity = Oddity::kLeftOut;
};

// Finds the reader by the word after "* " that names the kind of response.
const Reader* find_reader(std::string_view kind) {
  using enum Leftover;
  using enum Oddity;
  static constexpr Reader kReaders[] = {
      {"LIST", [](Lexer& lexer) -> Response { return read_list_response(lexer); }, kInvalidates},
      {"LSUB", [](Lexer& lexer) -> Response { return read_list_response(lexer); }, kInvalidates},
      // Gmail's word for the same.
      {"XLIST", [](Lexer& lexer) -> Response { return read_list_response(lexer); }, kInvalidates},
      {"STATUS", [](Lexer& lexer) -> Response { return read_status_response(lexer); },
       kInvalidates},
      {"SEARCH", read_search, kSkipped, kFails},
      {"ESEARCH", read_esearch, kSkipped, kFails},
      {"VANISHED", read_vanished, kSkipped, kFails},
      {"FLAGS", read_flags_response},
      {"CAPABILITY",
       [](Lexer& lexer) -> Response { return CapabilityResponse{read_words(lexer)}; }},
      {"ID", [](Lexer& lexer) -> Response { return read_id_response(lexer); }},
      {"ENABLED", [](Lexer& lexer) -> Response { return EnabledResponse{read_words(lexer)}; }},
      {"NAMESPACE", [](Lexer& lexer) -> Response { return read_namespace_response(lexer); }},
      {"QUOTAROOT", [](Lexer& lexer) -> Response { return read_quota_root_response(lexer); }},
      {"ACL", [](Lexer& lexer) -> Response { return read_acl_response(lexer); }},
      {"MYRIGHTS", [](Lexer& lexer) -> Response { return read_my_rights_response(lexer); },
       kInvalidates},
      {"METADATA", [](Lexer& lexer) -> Response { return read_metadata_response(lexer); },
       kInvalidates},
      {"QUOTA", [](Lexer& lexer) -> Response { return read_quota_response(lexer); }, kInvalidates},
  };
  for (const Reader& reader : kReaders) {
    if (equal_ignoring_case(kind, reader.kind)) return &reader;
  }
  return nullptr;
}

// Notes that a body has begun.
class BodyWatch : public BodySink {
 public:
  explicit BodyWatch(BodySink& bodies) : bodies_(bodies) {}

  bool has_begun() const { return has_begun_; }

  bool wants_body(std::optional<base::Uid> uid) override {
    has_begun_ = true;
    return bodies_.wants_body(uid);
  }
  void body_size(std::uint64_t size) override { bodies_.body_size(size); }
  void body_piece(base::ByteView piece) override { bodies_.body_piece(piece); }

 private:
  BodySink& bodies_;
  bool has_begun_ = false;
};

OddResponse skip_odd(Lexer& lexer, std::string_view kind) {
  OddResponse odd;
  std::ranges::transform(kind, std::back_inserter(odd.kind), to_upper);
  lexer.skip_odd_line();
  odd.line = lexer.beginning();
  return odd;
}

Response read_fetch(Lexer& lexer, std::uint32_t number, BodySink& bodies) {
  BodyWatch watched(bodies);
  try {
    Response response = read_fetch_response(lexer, number, watched);
    skip_rest(lexer);
    return response;
  } catch (const NotUnderstood&) {
    if (watched.has_begun()) throw;
    OddResponse odd = skip_odd(lexer, "FETCH");
    odd.line.resize(std::min(odd.line.find("\r\n"), odd.line.size()));  // the rest may be mail
    return odd;
  }
}

// Reads "* 12 EXISTS" and the like, after the number.
Response read_numbered(Lexer& lexer, std::uint32_t number, BodySink& bodies) {
  lexer.skip_spaces();
  const std::string kind(lexer.atom());
  if (equal_ignoring_case(kind, "FETCH")) return read_fetch(lexer, number, bodies);
  Response response = UnknownResponse{};
  if (equal_ignoring_case(kind, "EXISTS")) response = ExistsResponse{number};
  if (equal_ignoring_case(kind, "EXPUNGE")) response = ExpungeResponse{number};
  skip_rest(lexer);
  return response;
}

Response read_named(Lexer& lexer, const Reader& reader) {
  try {
    Response response = reader.read(lexer);
    lexer.skip_spaces();
    if (reader.leftover == Leftover::kInvalidates && !lexer.at_end_of_line()) {
      return skip_odd(lexer, reader.kind);
    }
    skip_rest(lexer);
    return response;
  } catch (const NotUnderstood&) {
    if (reader.oddity == Oddity::kFails) throw;
    return skip_odd(lexer, reader.kind);
  }
}

Response skip_unknown(Lexer& lexer) {
  try {
    skip_rest(lexer);
  } catch (const NotUnderstood&) {
    lexer.skip_odd_line();
  }
  return UnknownResponse{};
}

Response read_untagged(Lexer& lexer, BodySink& bodies) {
  lexer.expect('*');
  lexer.skip_spaces();
  const std::string kind(lexer.atom());
  if (kind.empty()) lexer.fail_protocol("a line that is not a response");
  if (kind.front() >= '0' && kind.front() <= '9') {
    std::uint32_t number = 0;
    const char* const end = kind.data() + kind.size();
    const auto [stop, error] = std::from_chars(kind.data(), end, number);
    if (error != std::errc() || stop != end) lexer.fail_protocol("an impossible number");
    return read_numbered(lexer, number, bodies);
  }
  if (const std::optional<Condition> condition = find_condition(kind)) {
    StatusResponse status = read_status(lexer, {}, *condition);
    lexer.end_line();
    return status;
  }
  const Reader* const reader = find_reader(kind);
  return reader != nullptr ? read_named(lexer, *reader) : skip_unknown(lexer);
}

}  // namespace

std::optional<std::uint64_t> ResponseCode::number() const {
  std::string_view digits = arguments;
  while (digits.starts_with(' ')) digits.remove_prefix(1);
  while (digits.ends_with(' ')) digits.remove_suffix(1);
  std::uint64_t number = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

std::vector<std::string> ResponseCode::words() const {
  std::string_view rest = arguments;
  if (rest.starts_with('(')) rest.remove_prefix(1);
  if (rest.ends_with(')')) rest.remove_suffix(1);
  return split_at_spaces(rest);
}

Response read_response(Lexer& lexer, BodySink& bodies) {
  lexer.begin_answer();
  lexer.skip_blank_lines();
  if (lexer.take_if('+')) {
    lexer.skip_line();
    return Continuation{};
  }
  if (lexer.peek() != '*') {
    Response response = read_tagged(lexer);
    lexer.end_line();
    return response;
  }
  return read_untagged(lexer, bodies);
}

}  // namespace imap
