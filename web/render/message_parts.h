// A message taken apart (MIME). Everything that a stranger chooses is bounded: the number and
// nesting of parts, and the lengths of names and texts.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "web/render/document.h"

namespace render {

inline constexpr std::size_t kMaxParts = 1'000;
inline constexpr std::size_t kMaxNesting = 40;
inline constexpr std::size_t kMaxBody = std::size_t{8} << 20U;  // bytes of text in UTF-8

struct Part {
  unsigned number = 0;         // from 1, in the order of the message
  std::string type;            // "text/plain"
  std::string name;            // of the file, as the message has it; may be empty
  std::string content_id;      // without <>
  bool is_attachment = false;  // not a text of the body
};

struct Heading {
  std::string from;
  std::string to;
  std::string cc;
  std::string subject;
  std::string date;  // RFC 3339; empty: the message has no date
};

enum class Body { kHtml, kText };

class MessageParts {
 public:
  // Loads the character sets that mail is written in: afterwards no file can be opened.
  static void prepare();

  // `message`: a descriptor of a file, from its beginning to its end. Fails with kDamaged if it is
  // not a message.
  explicit MessageParts(int message);
  MessageParts(const MessageParts&) = delete;
  MessageParts& operator=(const MessageParts&) = delete;
  ~MessageParts();

  Heading heading() const;
  const std::vector<Part>& parts() const;
  bool is_complete() const;  // whether the bounds left out no part

  // The texts of the body, up to kMaxBody of all together. Where the same is there in several
  // forms, the wanted one.
  std::vector<BodyPiece> body(Body wanted) const;

  // The decoded content of a part of parts(); of an attached message its source.
  std::string content(const Part& part) const;

 private:
  struct Parsed;
  std::unique_ptr<Parsed> parsed_;
};

// In UTF-8. An unknown or absent character set is taken for UTF-8, or Windows-1252 if it is not
// that. Bytes that make no sense become U+FFFD.
std::string to_utf8(const std::string& bytes, const std::string& character_set);

}  // namespace render
