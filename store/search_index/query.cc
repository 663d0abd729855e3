#include "store/search_index/query.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "base/error.h"
#include "base/glob.h"
#include "base/nearest.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "base/utf8.h"
#include "store/search_index/search_words.h"

namespace store {

namespace {

using base::ErrorCode;
using base::fail;

constexpr std::size_t kMaxQuery = 4'096;
constexpr std::size_t kMaxTerms = 64;

enum class Kind { kWords, kMessageId, kAfter, kBefore, kFolder };

struct Field {
  std::string_view name;
  Kind kind;
  std::string_view columns;  // of schema/search.sql, as FTS5 wants them
};

constexpr std::array<Field, 8> kFields = {{{"subject", Kind::kWords, "{subject} : "},
                                           {"from", Kind::kWords, "{sender} : "},
                                           {"to", Kind::kWords, "{recipients copies} : "},
                                           {"cc", Kind::kWords, "{copies} : "},
                                           {"message-id", Kind::kMessageId, ""},
                                           {"after", Kind::kAfter, ""},
                                           {"before", Kind::kBefore, ""},
                                           {"folder", Kind::kFolder, ""}}};
constexpr Field kAnywhere = {"", Kind::kWords, ""};

// Terms of other programs' searches, and what to write here instead. As plain words they would find
// nothing, or unintended mail.
struct ForeignField {
  std::string_view name;
  std::string_view advice;
};

constexpr std::string_view kHeadersOnly =
    "a search looks at subjects, addresses, dates and folders only";
constexpr std::string_view kUseAfter = "write after:";
constexpr std::string_view kUseBefore = "write before:";
constexpr std::string_view kUseFolder = "write folder:";
constexpr std::string_view kUseFrom = "write from:";
constexpr std::string_view kUseTo = "write to:";
constexpr std::string_view kUseSubject = "write subject:";
constexpr std::string_view kUseMessageId = "write message-id:";
constexpr std::string_view kUseTimes = "write after: and before:";

constexpr ForeignField kForeignFields[] = {
    {"answered", kHeadersOnly},    {"attach", kHeadersOnly},
    {"attachment", kHeadersOnly},  {"attachments", kHeadersOnly},
    {"bcc", kHeadersOnly},         {"body", kHeadersOnly},
    {"category", kHeadersOnly},    {"content", kHeadersOnly},
    {"filename", kHeadersOnly},    {"filetype", kHeadersOnly},
    {"flag", kHeadersOnly},        {"flagged", kHeadersOnly},
    {"has", kHeadersOnly},         {"hasattachment", kHeadersOnly},
    {"header", kHeadersOnly},      {"importance", kHeadersOnly},
    {"important", kHeadersOnly},   {"is", kHeadersOnly},
    {"keyword", kHeadersOnly},     {"larger", kHeadersOnly},
    {"list", kHeadersOnly},        {"participants", kHeadersOnly},
    {"priority", kHeadersOnly},    {"read", kHeadersOnly},
    {"reply-to", kHeadersOnly},    {"replyto", kHeadersOnly},
    {"seen", kHeadersOnly},        {"size", kHeadersOnly},
    {"smaller", kHeadersOnly},     {"starred", kHeadersOnly},
    {"tag", kHeadersOnly},         {"text", kHeadersOnly},
    {"unread", kHeadersOnly},      {"unseen", kHeadersOnly},
    {"since", kUseAfter},          {"newer", kUseAfter},
    {"newer_than", kUseAfter},     {"sentsince", kUseAfter},
    {"until", kUseBefore},         {"older", kUseBefore},
    {"older_than", kUseBefore},    {"sentbefore", kUseBefore},
    {"date", kUseTimes},           {"on", kUseTimes},
    {"received", kUseTimes},       {"sent", kUseTimes},
    {"year", kUseTimes},           {"in", kUseFolder},
    {"label", kUseFolder},         {"mailbox", kUseFolder},
    {"sender", kUseFrom},          {"recipient", kUseTo},
    {"deliveredto", kUseTo},       {"title", kUseSubject},
    {"msgid", kUseMessageId},      {"messageid", kUseMessageId},
    {"rfc822msgid", kUseMessageId}};

struct Operator {
  std::string_view word;
  std::string_view advice;
};

constexpr Operator kOperators[] = {{"AND", "every term must match, so leave it out"},
                                   {"OR", "a search can't look for either of two: search for each"},
                                   {"NOT", "write a - in front of what must not match"}};

// Other programs group terms with these, so that an operator or field may be next to them.
constexpr std::string_view kSeparators = "(),;";

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// Keyboards for Japanese and Chinese type U+3000, and text from web pages has U+00A0. In quotes
// they are blanks as well: words and the names of folders are compared without regard to their
// kind.
std::string with_plain_spaces(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const auto next = base::first_code_point(text);
    const std::size_t length = next ? next->length : 1;
    if (next && base::is_space(next->value)) {
      result += ' ';
    } else {
      result += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return result;
}

}  // namespace

class QueryParser {
 public:
  QueryParser(std::string_view text, const Query::ReadTime& read_time)
      : text_(text), read_time_(read_time) {}

  Query parse() {
    if (text_.size() > kMaxQuery) {
      fail(ErrorCode::kUsage, "search: the query is longer than {} bytes", kMaxQuery);
    }
    spaced_ = with_plain_spaces(text_);
    rest_ = spaced_;
    while (skip_blanks()) {
      if (++terms_ > kMaxTerms) {
        fail(ErrorCode::kUsage, "search: the query has more than {} terms", kMaxTerms);
      }
      take_term();
    }
    require_words();
    return std::move(query_);
  }

 private:
  bool skip_blanks() {
    while (!rest_.empty() && is_blank(rest_.front())) rest_.remove_prefix(1);
    return !rest_.empty();
  }

  void take_term() {
    const std::string_view begin = rest_;
    refuse_operator();
    const bool unwanted = rest_.starts_with('-') && rest_.size() > 1 && !is_blank(rest_[1]);
    if (unwanted) rest_.remove_prefix(1);
    const Field& field = take_field();
    if (unwanted || !field.name.empty()) refuse_group(begin);
    const std::string value = take_value();
    term_ = begin.substr(0, begin.size() - rest_.size());
    switch (field.kind) {
      case Kind::kWords:
        add_words(field, value, unwanted);
        return;
      case Kind::kFolder:
        if (value.empty()) refuse("the folder name is missing");
        (unwanted ? query_.other_folders_ : query_.folders_).push_back(value);
        return;
      default:
        if (unwanted) refuse("it can't be negated");
        if (value.empty()) refuse("it has no value");
        add_limit(field.kind, value);
    }
  }

  void refuse_operator() const {
    std::string_view text = rest_.substr(0, rest_.find_first_of(" \t\r\n\""));
    while (!text.empty()) {
      const std::size_t end = std::min(text.find_first_of(kSeparators), text.size());
      const std::string_view word = without_minus(text.substr(0, end));
      const auto* const known = std::ranges::find(kOperators, word, &Operator::word);
      if (known != std::end(kOperators)) {
        fail(ErrorCode::kUsage, "search: {}: {}; in quotes, \"{}\", it is a word", word,
             known->advice, word);
      }
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  }

  static std::string_view without_minus(std::string_view text) {
    return text.substr(std::min(text.find_first_not_of('-'), text.size()));
  }

  // At rest_, a group of several terms, for all of which a minus or a field would be meant.
  void refuse_group(std::string_view begin) const {
    const std::string_view text = rest_.substr(0, rest_.find_first_of(" \t\r\n\""));
    if (!text.starts_with('(') || text.find(')') != std::string_view::npos) return;
    fail(
        ErrorCode::kUsage,
        "search: {}: there are no groups: write {} in front of each term; in quotes, \"(\" is text",
        base::escape_for_terminal(begin.substr(0, begin.size() - rest_.size() + 1)),
        base::escape_for_terminal(begin.substr(0, begin.size() - rest_.size())));
  }

  // `name` is before a colon with a value.
  static void refuse_foreign_field(const std::string& name) {
    const auto* const known = std::ranges::find(kForeignFields, name, &ForeignField::name);
    if (known == std::end(kForeignFields)) return;
    fail(ErrorCode::kUsage,
         "search: {}: no such field: {}; in quotes, \"{}:...\", the text is searched for",
         base::escape_for_terminal(name), known->advice, base::escape_for_terminal(name));
  }

  // The "key:" of a term, if there is one.
  const Field& take_field() {
    const std::size_t end = rest_.find_first_of(": \t\r\n\"");
    if (end == std::string_view::npos || rest_[end] != ':') return kAnywhere;
    const std::string_view before = rest_.substr(0, end);
    const std::size_t behind_separator = before.find_last_of(kSeparators) + 1;  // npos + 1 is 0
    const std::string name = base::lowered(without_minus(before.substr(behind_separator)));
    const bool is_alone = name.size() == before.size();
    const auto* const field = std::ranges::find(kFields, name, &Field::name);
    if (field != kFields.end() && is_alone) {
      rest_.remove_prefix(end + 1);
      return *field;
    }
    const bool has_value = end + 1 < rest_.size() && !is_blank(rest_[end + 1]);
    if (has_value && field != kFields.end()) {
      fail(ErrorCode::kUsage,
           "search: {}: the field must begin a term: write it behind a blank; in quotes, "
           "\"{}:...\", the text is searched for",
           base::escape_for_terminal(before), name);
    }
    if (has_value) refuse_foreign_field(name);
    if (field != kFields.end()) return kAnywhere;
    // A mistyped field, unlike the "12:" of a time.
    const bool may_be_meant = name.size() > 2 && std::ranges::all_of(name, [](char c) {
                                return (c >= 'a' && c <= 'z') || c == '-';
                              });
    if (!may_be_meant) return kAnywhere;
    std::vector<std::string> names;
    names.reserve(kFields.size());
    for (const Field& known : kFields) names.emplace_back(known.name);
    if (const auto guess = base::nearest(name, names)) {
      fail(ErrorCode::kUsage, "search: {}: no such field: did you mean {}:?",
           base::escape_for_terminal(name), *guess);
    }
    return kAnywhere;
  }

  // Up to a blank, or the text between quotes; with the "*" after them.
  std::string take_value() {
    const bool quoted = rest_.starts_with('"');
    if (quoted) rest_.remove_prefix(1);
    const std::size_t end = quoted ? rest_.find('"') : rest_.find_first_of(" \t\r\n");
    std::string value(rest_.substr(0, end));
    rest_.remove_prefix(std::min(end, rest_.size()));
    if (quoted && rest_.starts_with('"')) {
      rest_.remove_prefix(1);
      if (rest_.starts_with('*')) {
        value += '*';
        rest_.remove_prefix(1);
      }
    }
    return value;
  }

  void add_words(const Field& field, std::string_view value, bool unwanted) {
    const std::string words = search_words(value);
    if (words.empty()) {
      if (!field.name.empty()) refuse("it has no words");
      (unwanted ? left_out_unwanted_ : left_out_wanted_) = true;
      return;  // "a & b" means a and b
    }
    std::string& expression = unwanted ? query_.unwanted_ : query_.wanted_;
    if (!expression.empty()) expression += unwanted ? " OR " : " AND ";
    expression += field.columns;
    expression += '"' + words + '"';
    if (value.ends_with('*')) expression += '*';
  }

  void add_limit(Kind kind, const std::string& value) {
    if (kind == Kind::kMessageId) {
      const std::size_t begin = value.starts_with('<') ? 1 : 0;
      query_.message_id_ = value.substr(begin, value.find('>') - begin);
      if (query_.message_id_->empty()) refuse("it has no value");
      return;
    }
    const std::chrono::sys_seconds time = read_time_(value);
    if (kind == Kind::kAfter) {
      query_.after_ = std::max(time, query_.after_.value_or(time));
    } else {
      query_.before_ = std::min(time, query_.before_.value_or(time));
    }
  }

  // The mail that a query selects may be restored: an empty query would select everything.
  void require_words() const {
    const bool lost_wanted = left_out_wanted_ && query_.wanted_.empty();
    const bool lost_unwanted = left_out_unwanted_ && query_.unwanted_.empty();
    if (terms_ > 0 && !lost_wanted && !lost_unwanted) return;
    fail(ErrorCode::kUsage,
         "search: the query \"{}\" has no words: use one with letters or digits, or a field "
         "such as from:, after: or folder:",
         base::escape_for_terminal(text_));
  }

  [[noreturn]] void refuse(const char* why) const {
    fail(ErrorCode::kUsage, "search: {}: {}", base::escape_for_terminal(term_), why);
  }

  std::string_view text_;
  std::string spaced_;     // the same with plain spaces
  std::string_view rest_;  // of spaced_
  const Query::ReadTime& read_time_;
  std::string_view term_;  // for error messages
  std::size_t terms_ = 0;
  bool left_out_wanted_ = false;  // a term was left out because it had no words
  bool left_out_unwanted_ = false;
  Query query_;
};

Query Query::parse(std::string_view text, const ReadTime& read_time) {
  return QueryParser(text, read_time).parse();
}

Query Query::parse(std::string_view text, std::string_view time_zone,
                   std::chrono::sys_seconds now) {
  return parse(text,
               [&](const std::string& time) { return base::parse_time(time, time_zone, now); });
}

bool Query::matches_time(std::chrono::sys_seconds time) const {
  return (!after_ || time >= *after_) && (!before_ || time < *before_);
}

bool Query::matches_folder(std::string_view shown_name) const {
  const auto matches = [&](const std::string& glob) {
    return base::folder_glob_matches(glob, shown_name, base::Likeness::kLetters);
  };
  return (folders_.empty() || std::ranges::any_of(folders_, matches)) &&
         std::ranges::none_of(other_folders_, matches);
}

}  // namespace store
