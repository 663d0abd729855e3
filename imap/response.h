// Typed responses of an IMAP server (RFC 9051, section 7, and the extensions named below).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/mail/uid.h"
#include "imap/acl.h"
#include "imap/folder.h"
#include "imap/lexer.h"
#include "imap/message.h"
#include "imap/metadata.h"
#include "imap/quota.h"
#include "imap/uid_set.h"

namespace imap {

// The response code in brackets before the text of a status response: "[UIDVALIDITY 7]".
struct ResponseCode {
  std::string name;       // upper case; empty if there is no code
  std::string arguments;  // as sent

  bool is(std::string_view expected) const { return name == expected; }
  std::optional<std::uint64_t> number() const;
  // The arguments, split at spaces, without an enclosing pair of parentheses.
  std::vector<std::string> words() const;
};

enum class Condition { kOk, kNo, kBad, kBye, kPreauth };

// Bytes of a status response's text that are kept: the text is for people.
inline constexpr std::size_t kMaxStatusText = 1'000;

struct StatusResponse {
  std::string tag;  // empty: untagged
  Condition condition = Condition::kOk;
  ResponseCode code;
  std::string text;     // shortened to kMaxStatusText, else as sent: escape it before showing it
  std::string command;  // the verb of the command that it completes: "UID FETCH"; not sent
};

struct Continuation {};
struct CapabilityResponse {
  std::vector<std::string> names;
};
// The server's name, as it says: empty if it has none.
struct IdResponse {
  std::string name;
};

struct EnabledResponse {
  std::vector<std::string> names;
};
struct ListResponse {
  Folder folder;
};
struct FolderStatusResponse {
  std::string raw_name;
  FolderStatus status;
};
struct NamespaceResponse {
  Namespaces namespaces;
};
struct FlagsResponse {
  std::vector<std::string> flags;
};
struct ExistsResponse {
  std::uint32_t count = 0;
};
struct ExpungeResponse {
  std::uint32_t sequence_number = 0;
};
struct VanishedResponse {  // RFC 7162
  bool is_earlier = false;
  UidSet uids;
};
struct SearchResponse {  // SEARCH or, with the tag of its command, ESEARCH (RFC 4731)
  std::optional<std::string> tag;
  bool has_uids = true;  // explicit in ESEARCH; SEARCH follows its command
  UidSet numbers;
};
struct QuotaRootResponse {  // RFC 9208
  std::string raw_name;
  std::vector<std::string> roots;
};
struct QuotaResponse {
  QuotaRoot root;
};
struct AclResponse {  // RFC 4314
  std::string raw_name;
  std::vector<AclEntry> entries;
};
struct MyRightsResponse {
  std::string raw_name;
  std::string rights;  // one letter each
};
struct MetadataResponse {              // RFC 5464
  std::string raw_name;                // empty: the account's
  std::vector<MetadataEntry> entries;  // only those that have a value
};
struct FetchResponse {
  std::uint32_t sequence_number = 0;
  MessageItems items;
  BodyKind body = BodyKind::kMissing;
};
struct UnknownResponse {};  // of a kind that is never requested; skipped

// A line that is not understood whole, and so not used in part.
struct OddResponse {
  std::string kind;  // upper case: "LIST", "FETCH"
  std::string line;  // its beginning (Lexer::beginning()), as sent; of FETCH without literals

  bool is(std::string_view expected) const { return kind == expected; }
};

using Response =
    std::variant<StatusResponse, Continuation, CapabilityResponse, IdResponse, EnabledResponse,
                 ListResponse, FolderStatusResponse, NamespaceResponse, FlagsResponse,
                 ExistsResponse, ExpungeResponse, VanishedResponse, SearchResponse,
                 QuotaRootResponse, QuotaResponse, AclResponse, MyRightsResponse, MetadataResponse,
                 FetchResponse, UnknownResponse, OddResponse>;

// Receives the bodies in FETCH responses, piece by piece, before the response is complete.
class BodySink {
 public:
  BodySink() = default;
  BodySink(const BodySink&) = delete;
  BodySink& operator=(const BodySink&) = delete;
  virtual ~BodySink() = default;

  // `uid` is nullopt if the UID comes after the body in the response. Return false to skip the
  // body.
  virtual bool wants_body(std::optional<base::Uid> uid) = 0;
  // The announced length of a literal that is wanted.
  virtual void body_size(std::uint64_t /*size*/) {}
  virtual void body_piece(base::ByteView piece) = 0;
};

// Reads the next response. Bodies are passed to `bodies`. Fails as Lexer does, but a line that is
// not understood is an OddResponse, unless it says which messages exist or its literals can't be
// skipped. After a message's body has begun, such a line fails too: what follows may be the rest of
// the body, written by anybody.
Response read_response(Lexer& lexer, BodySink& bodies);

}  // namespace imap
