// How long what a server says may be in what is written from now on, in bytes unless a comment says
// otherwise. A limit applies where the server's words come in (backupd/pass/admission.h): what is
// over it is left out whole and reported, and never shortened where it identifies something,
// because two identifiers cut to one beginning would be equal.
//
// These are limits of writers. A reader takes an object that opened as authentic for what it is,
// however long its parts are: earlier writers had no limits, and what they stored must stay
// readable. All that bounds it is its block (kMaxBlock). Every limit here is at or below the
// bound that earlier readers had, so that they read what is written now.
#pragma once

#include <cstddef>

namespace store {

// An object's encoding: with its directory and what zstd may add it fits a block of 32 MiB. The
// limits below keep every object far below it, except a folder with millions of skipped messages.
inline constexpr std::size_t kMaxObject = std::size_t{31} << 20;

// All snapshot lines of one commit, so that a commit fits a block however many accounts there are;
// more lines go into another commit of the same pack. Poisoned lines of earlier writers may be
// longer than all others together.
inline constexpr std::size_t kMaxCommitLines = std::size_t{8} << 20;

// The configuration's name of an account.
inline constexpr std::size_t kMaxAccountName = 4'096;

// A personal namespace's prefix: as long as the longest folder name of a Dovecot.
inline constexpr std::size_t kMaxNamespacePrefix = 4'096;

// A folder's raw name: four times Dovecot's longest, which in modified UTF-7 takes more bytes than
// its users see.
inline constexpr std::size_t kMaxFolderName = std::size_t{16} << 10;

// Folders of an account, a number. Their ids take 6.4 MB in a root.
inline constexpr std::size_t kMaxFolders = 200'000;

// An attribute of LIST, and all of a folder's, counting 64 bytes more for each.
inline constexpr std::size_t kMaxAttribute = 1'024;
inline constexpr std::size_t kMaxAttributes = std::size_t{16} << 10;

// EMAILID, X-GM-MSGID and MAILBOXID (RFC 8474 allows 255).
inline constexpr std::size_t kMaxServerId = 255;

// A flag or keyword; all flags of a message, counting 64 bytes more for each, so that there are a
// thousand at most. The 64 messages of a leaf then take less than 5 MB.
inline constexpr std::size_t kMaxFlag = 1'024;
inline constexpr std::size_t kMaxFlags = std::size_t{64} << 10;

// The reason why a folder or a message is missing: for people, so it is shortened. All reasons of a
// folder share the second limit equally.
inline constexpr std::size_t kMaxReason = 1'000;
inline constexpr std::size_t kMaxReasons = std::size_t{4} << 20;

// What a server says of an account beside its mail: a word (an ACL identifier, an entry's name, a
// quota root), a METADATA value, and all of it together, counting 64 bytes more for each. The root
// that holds it is written again on every night on which the account changed.
inline constexpr std::size_t kMaxPropertyWord = 4'096;
inline constexpr std::size_t kMaxMetadataValue = std::size_t{256} << 10;
inline constexpr std::size_t kMaxProperties = std::size_t{8} << 20;

}  // namespace store
