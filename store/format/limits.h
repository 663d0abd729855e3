// Maximum lengths of a server's strings in objects written from now on, in bytes unless a comment
// says otherwise. A limit applies where the server's data is received (backupd/pass/admission.h): a
// string over it is left out entirely and reported, and never shortened if it identifies something,
// because two identifiers cut to the same beginning would be equal.
//
// These are limits for writers. A reader accepts any object that authenticates, however long its
// parts are: earlier writers had no limits, and what they stored must stay readable. Only its block
// bounds it (kMaxBlock). Every limit here is at or below the bound that earlier readers had, so
// that they can read what is written now.
#pragma once

#include <cstddef>

namespace store {

// An object's encoding: with its directory and what zstd may add it fits a block of 32 MiB. The
// limits below keep every object far below this, except a folder with millions of skipped messages.
inline constexpr std::size_t kMaxObject = std::size_t{31} << 20;

// All snapshot lines of one commit, so that a commit fits a block however many accounts there are;
// further lines go into another commit of the same pack. Poisoned lines from earlier writers may be
// longer than all others together.
inline constexpr std::size_t kMaxCommitLines = std::size_t{8} << 20;

// An account's name in the configuration.
inline constexpr std::size_t kMaxAccountName = 4'096;

// A personal namespace's prefix: as long as Dovecot's longest folder name.
inline constexpr std::size_t kMaxNamespacePrefix = 4'096;

// A folder's raw name: four times Dovecot's longest, which takes more bytes in modified UTF-7 than
// its users see.
inline constexpr std::size_t kMaxFolderName = std::size_t{16} << 10;

// The number of folders of an account. Their ids take 6.4 MB in a root.
inline constexpr std::size_t kMaxFolders = 200'000;

// One attribute of LIST, and all attributes of a folder, counting 64 bytes more for each.
inline constexpr std::size_t kMaxAttribute = 1'024;
inline constexpr std::size_t kMaxAttributes = std::size_t{16} << 10;

// EMAILID, X-GM-MSGID and MAILBOXID (RFC 8474 allows 255).
inline constexpr std::size_t kMaxServerId = 255;

// A flag or keyword; all flags of a message, counting 64 bytes more for each, so that there are a
// thousand at most. The 64 messages of a leaf then take less than 5 MB.
inline constexpr std::size_t kMaxFlag = 1'024;
inline constexpr std::size_t kMaxFlags = std::size_t{64} << 10;

// All different sets of flags that the messages of a folder have, counting 64 bytes more for each
// flag and each set: a pass keeps them in memory.
inline constexpr std::size_t kMaxFlagSets = std::size_t{32} << 20;

// The reason why a folder or a message is missing: for people, so it is shortened. All reasons of a
// folder share the second limit equally.
inline constexpr std::size_t kMaxReason = 1'000;
inline constexpr std::size_t kMaxReasons = std::size_t{4} << 20;

// An account's properties from the server: a word (an ACL identifier, an entry's name, a quota
// root), a METADATA value, and all of them together, counting 64 bytes more for each. The root that
// holds them is written again every night on which the account changed.
inline constexpr std::size_t kMaxPropertyWord = 4'096;
inline constexpr std::size_t kMaxMetadataValue = std::size_t{256} << 10;
inline constexpr std::size_t kMaxProperties = std::size_t{8} << 20;

}  // namespace store
