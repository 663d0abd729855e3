// The properties of a folder that an IMAP server reports (RFC 9051: LIST, STATUS, SELECT,
// NAMESPACE).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace imap {

// Case-insensitive (RFC 9051, section 5.1).
inline constexpr std::string_view kInbox = "INBOX";

// The response to STATUS. A value that the server did not send is unknown, never zero.
struct FolderStatus {
  std::optional<std::uint32_t> uid_validity;
  std::optional<std::uint32_t> uid_next;
  std::optional<std::uint32_t> messages;
  std::optional<std::uint64_t> highest_modseq;  // RFC 7162; 0 is reported as unknown
  std::optional<std::uint64_t> size;            // RFC 8438: bytes
  std::optional<std::string> mailbox_id;        // RFC 8474

  // Adds the values of `other`, which is about the same folder. Contradictory values become
  // unknown, except that the higher number of messages counts, and UIDNEXT becomes unknown with it:
  // so the folder is read. Returns true if anything was new.
  bool add(const FolderStatus& other);

  bool is_contradictory = false;
};

// One line of LIST.
struct Folder {
  std::string raw_name;                 // the bytes that the server sent, or "INBOX": the key
  std::optional<char> delimiter;        // nullopt: the server has no hierarchy here
  std::vector<std::string> attributes;  // as sent: "\Noselect", "\HasChildren", "\Sent", ...
  std::optional<FolderStatus> status;   // nullopt: the server sent no status

  // Case-insensitive.
  bool has_attribute(std::string_view attribute) const;
  // Neither \Noselect nor \NonExistent.
  bool can_be_opened() const;
};

// Lines of the server that were not understood whole, and left out.
struct OddLines {
  static constexpr std::size_t kMaxShown = 10;

  std::uint64_t count = 0;
  std::vector<std::string> shown;  // the beginnings of different ones, as sent; at most kMaxShown

  void add(const std::string& line);
};

// Expected folders that LIST did not show. INBOX always exists (RFC 9051, section 5.1), so a list
// without it is incomplete.
struct ListGaps {
  bool is_empty = false;      // LIST showed no folder of the account
  std::string inbox_refusal;  // the command and the server's words, escaped, if STATUS INBOX was
                              // refused too
  bool inbox_is_nonexistent = false;  // the refusal had the code NONEXISTENT (RFC 5530)
  OddLines odd_lines;                 // whose folders are not listed
};

// The server's answer to a request for one folder by name.
struct FolderAnswer {
  enum class Kind {
    kExists,
    kGone,      // NO with NONEXISTENT or TRYCREATE (RFC 5530), or with words that say so
    kPlainNo,   // NO without a response code and such words: it may have many reasons
    kUnserved,  // BAD, or NO with any other response code: the folder may exist
  };
  Kind kind = Kind::kExists;
  FolderStatus status;  // only with kExists
  std::string reason;   // the command and the server's words, escaped; empty with kExists
};

// RFC 2342.
struct Namespace {
  std::string prefix;
  std::optional<char> delimiter;
  // The configuration names it (Session::add_namespaces()). The folder whose name is the prefix
  // without its delimiter belongs to it too.
  bool is_configured = false;
  bool operator==(const Namespace&) const = default;
};

struct Namespaces {
  std::vector<Namespace> personal;
  std::vector<Namespace> other_users;
  std::vector<Namespace> shared;
  // The server names no personal one, so that `personal` begins with an empty prefix; or more than
  // kMaxNamespaces, so that another user's folder may count as the account's by its name.
  bool is_guessed = false;
  bool lacks_personal = false;  // the server names more, or one whose prefix has a NUL
};

// Each folder is compared with each namespace.
inline constexpr std::size_t kMaxNamespaces = 1'000;

// The response to SELECT or EXAMINE.
struct OpenFolder {
  std::uint32_t uid_validity = 0;  // 0: not sent; UIDs are then valid in this session only
  std::optional<std::uint32_t> uid_next;
  std::uint32_t exists = 0;
  std::optional<std::uint64_t> highest_modseq;
  std::vector<std::string> permanent_flags;
  std::optional<std::string> mailbox_id;

  // Returns true if the server stores `flag` permanently: it is listed, or it is a keyword and "\*"
  // is listed. Always false for a flag that no command can carry (can_be_sent()).
  bool keeps(std::string_view flag) const;
};

}  // namespace imap
