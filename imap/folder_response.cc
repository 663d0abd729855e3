#include "imap/folder_response.h"

#include "base/ascii.h"
#include "imap/response_words.h"

namespace imap {

namespace {

using base::equal_ignoring_case;

// One character in quotes, or none. Some servers send a backslash without escaping it: "\". Names
// can't be divided at several characters, so those count as no delimiter.
std::optional<char> read_quoted_delimiter(Lexer& lexer) {
  lexer.expect('"');
  if (lexer.take_if('"')) return std::nullopt;
  const bool is_escaped = lexer.take_if('\\');
  if (lexer.at_end_of_line()) lexer.fail_protocol("a hierarchy delimiter without an end");
  const char delimiter = lexer.peek();
  lexer.expect(delimiter);
  if (lexer.take_if('"')) return delimiter;
  if (is_escaped && delimiter == '"') return '\\';
  lexer.text_until('"');
  lexer.expect('"');
  return std::nullopt;
}

// NIL or one quoted character.
std::optional<char> read_delimiter(Lexer& lexer) {
  if (lexer.peek() == '"') return read_quoted_delimiter(lexer);
  const std::optional<std::string> text = lexer.nstring();
  if (!text || text->size() != 1) return std::nullopt;
  return text->front();
}

// Some servers send NIL in place of an empty list.
std::vector<std::string> read_attributes(Lexer& lexer) {
  if (lexer.peek() == '(') return read_list(lexer);
  if (!equal_ignoring_case(lexer.atom(), "NIL")) lexer.fail_protocol("attributes without a list");
  return {};
}

bool at_unquoted(Lexer& lexer) {
  return lexer.peek() != '"' && !lexer.at_literal();
}

std::string take_blanks(Lexer& lexer) {
  std::string blanks;
  while (lexer.take_if(' ')) blanks += ' ';
  return blanks;
}

// Some servers send names with blanks without quotes: the name is then the rest of the line, unless
// the rest is extended data (RFC 5258).
std::string read_listed_name(Lexer& lexer) {
  const bool is_unquoted = at_unquoted(lexer);
  std::string name = lexer.string();
  if (!is_unquoted) return name;
  const std::string blanks = take_blanks(lexer);
  const bool is_extended = !blanks.empty() && lexer.peek() == '(';
  if (is_extended || lexer.at_end_of_line()) return name;
  return name + blanks + lexer.text();
}

// The same, up to the list of values.
std::string read_name_before_list(Lexer& lexer) {
  const bool is_unquoted = at_unquoted(lexer);
  std::string name = lexer.string();
  while (is_unquoted) {
    const std::string blanks = take_blanks(lexer);
    const std::string word(lexer.atom());
    if (word.empty()) break;
    name += blanks + word;
  }
  return name;
}

// "(id)" (RFC 8474).
std::optional<std::string> read_object_id(Lexer& lexer) {
  if (lexer.peek() != '(') {
    lexer.skip_value();
    return std::nullopt;
  }
  std::vector<std::string> words = read_list(lexer);
  if (words.size() != 1) return std::nullopt;
  return std::move(words.front());
}

std::optional<std::uint64_t> nothing_if_zero(std::optional<std::uint64_t> number) {
  return number == 0U ? std::nullopt : number;
}

// The prefix may be NIL in place of an empty one. Of others it has no meaning: with an empty prefix
// they would have all folders.
enum class NilPrefix { kIsEmpty, kIsLeftOut };

std::vector<Namespace> read_namespaces(Lexer& lexer, NilPrefix nil) {
  std::vector<Namespace> namespaces;
  lexer.skip_spaces();
  if (lexer.peek() != '(') {
    lexer.skip_value();  // NIL
    return namespaces;
  }
  lexer.open();
  for (;;) {
    lexer.skip_spaces();
    if (lexer.take_close()) return namespaces;
    lexer.open();
    Namespace space;
    lexer.skip_spaces();
    const std::optional<std::string> prefix = lexer.nstring();
    space.prefix = prefix.value_or("");
    lexer.skip_spaces();
    space.delimiter = read_delimiter(lexer);
    for (lexer.skip_spaces(); !lexer.take_close(); lexer.skip_spaces()) lexer.skip_value();
    if (prefix || nil == NilPrefix::kIsEmpty) namespaces.push_back(std::move(space));
  }
}

}  // namespace

ListResponse read_list_response(Lexer& lexer) {
  ListResponse response;
  lexer.skip_spaces();
  response.folder.attributes = read_attributes(lexer);
  lexer.skip_spaces();
  response.folder.delimiter = read_delimiter(lexer);
  lexer.skip_spaces();
  response.folder.raw_name = read_listed_name(lexer);
  lexer.skip_spaces();
  const bool is_extended = !lexer.at_end_of_line() && lexer.peek() == '(';
  if (is_extended) lexer.skip_value();
  return response;
}

FolderStatusResponse read_status_response(Lexer& lexer) {
  FolderStatusResponse response;
  lexer.skip_spaces();
  response.raw_name = read_name_before_list(lexer);
  lexer.skip_spaces();
  lexer.open();
  for (lexer.skip_spaces(); !lexer.take_close(); lexer.skip_spaces()) {
    const std::string item = lexer.string();
    lexer.skip_spaces();
    FolderStatus status;
    if (equal_ignoring_case(item, "MESSAGES")) {
      status.messages = read_number(lexer);
    } else if (equal_ignoring_case(item, "UIDNEXT")) {
      status.uid_next = read_nz_number(lexer);
    } else if (equal_ignoring_case(item, "UIDVALIDITY")) {
      status.uid_validity = read_nz_number(lexer);
    } else if (equal_ignoring_case(item, "HIGHESTMODSEQ")) {
      status.highest_modseq = nothing_if_zero(lexer.number());
    } else if (equal_ignoring_case(item, "SIZE")) {
      status.size = lexer.number();
    } else if (equal_ignoring_case(item, "MAILBOXID")) {
      status.mailbox_id = read_object_id(lexer);
    } else {
      lexer.skip_value();
    }
    response.status.add(status);
  }
  return response;
}

NamespaceResponse read_namespace_response(Lexer& lexer) {
  NamespaceResponse response;
  response.namespaces.personal = read_namespaces(lexer, NilPrefix::kIsEmpty);
  response.namespaces.other_users = read_namespaces(lexer, NilPrefix::kIsLeftOut);
  response.namespaces.shared = read_namespaces(lexer, NilPrefix::kIsLeftOut);
  return response;
}

QuotaRootResponse read_quota_root_response(Lexer& lexer) {
  QuotaRootResponse response;
  lexer.skip_spaces();
  response.raw_name = lexer.string();
  response.roots = read_words(lexer);
  return response;
}

AclResponse read_acl_response(Lexer& lexer) {
  AclResponse response;
  lexer.skip_spaces();
  response.raw_name = lexer.string();
  std::vector<std::string> words = read_words(lexer);
  // It is unclear which of the words are identifiers and which are rights.
  if (words.size() % 2 != 0) lexer.fail_protocol("an identifier without rights");
  for (std::size_t at = 0; at < words.size(); at += 2) {
    response.entries.push_back({std::move(words[at]), std::move(words[at + 1])});
  }
  return response;
}

MyRightsResponse read_my_rights_response(Lexer& lexer) {
  MyRightsResponse response;
  lexer.skip_spaces();
  response.raw_name = lexer.string();
  lexer.skip_spaces();
  response.rights = lexer.string();
  return response;
}

MetadataResponse read_metadata_response(Lexer& lexer) {
  MetadataResponse response;
  lexer.skip_spaces();
  response.raw_name = lexer.string();
  lexer.skip_spaces();
  if (lexer.peek() != '(') {
    // The names of entries that have changed, without their values.
    for (; !lexer.at_end_of_line(); lexer.skip_spaces()) lexer.string();
    return response;
  }
  lexer.open();
  for (lexer.skip_spaces(); !lexer.take_close(); lexer.skip_spaces()) {
    std::string name = lexer.string();
    lexer.skip_spaces();
    std::optional<std::string> value = lexer.nstring_unless_too_long();
    if (value) response.entries.push_back({std::move(name), std::move(*value)});
  }
  return response;
}

QuotaResponse read_quota_response(Lexer& lexer) {
  QuotaResponse response;
  lexer.skip_spaces();
  response.root.name = lexer.string();
  lexer.skip_spaces();
  if (lexer.peek() != '(') return response;  // Courier, for a root without limits
  lexer.open();
  for (lexer.skip_spaces(); !lexer.take_close(); lexer.skip_spaces()) {
    QuotaResource resource;
    resource.name = lexer.string();
    lexer.skip_spaces();
    const std::optional<std::uint64_t> usage = lexer.number();
    lexer.skip_spaces();
    const std::optional<std::uint64_t> limit = lexer.number();
    if (!usage || !limit) continue;  // some servers send -1 for a resource without a limit
    resource.usage = *usage;
    resource.limit = *limit;
    response.root.resources.push_back(std::move(resource));
  }
  return response;
}

}  // namespace imap
