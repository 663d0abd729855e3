#include "tests/store/message/mime_generator.h"

#include "tests/store/random_bytes.h"

namespace tests {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::size_t kMaxDepth = 5;

}  // namespace

std::string plain_base64(std::string_view bytes, std::size_t line_length,
                         std::string_view line_end) {
  std::string encoded((bytes.size() + 2) / 3 * 4, '=');
  for (std::size_t from = 0, to = 0; from < bytes.size(); from += 3, to += 4) {
    const std::string_view group = bytes.substr(from, 3);
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 3; ++i)
      bits = bits << 8U | (i < group.size() ? static_cast<unsigned char>(group[i]) : 0U);
    for (std::size_t i = 0; i <= group.size(); ++i)
      encoded[to + i] = kAlphabet[bits >> (18 - 6 * i) & 63U];
  }
  if (line_length == 0) return encoded;
  std::string lines;
  lines.reserve(encoded.size() + encoded.size() / line_length * line_end.size());
  for (std::size_t i = 0; i < encoded.size(); i += line_length) {
    if (i > 0) lines += line_end;
    lines.append(encoded, i, line_length);
  }
  return lines;
}

std::string mail_with_attachments(const std::vector<std::string>& attachments,
                                  std::string_view boundary) {
  std::string mail = "From: alice@example.org\r\nContent-Type: multipart/mixed; boundary=\"";
  mail.append(boundary).append("\"\r\n\r\n");
  for (const std::string& attachment : attachments) {
    mail.append("--").append(boundary).append("\r\n");
    mail += "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    mail += plain_base64(attachment, 76, "\r\n") + "\r\n";
  }
  return mail.append("--").append(boundary).append("--\r\n");
}

std::string_view MimeGenerator::any_of(std::initializer_list<std::string_view> choices) {
  return choices.begin()[below(choices.size())];
}

std::string MimeGenerator::bytes(std::size_t size) {
  return random_bytes(random_(), size);
}

std::string MimeGenerator::message() {
  out_.clear();
  line_end_ = one_in(3) ? "\n" : "\r\n";
  if (one_in(20)) return bytes(below(3'000));
  if (one_in(10)) out_ += "From alice Mon Nov 23 10:00:00 2026\n";
  out_.append("From: alice@example.org").append(line_end_).append("Subject: ");
  for (std::size_t i = below(4); i > 0; --i) out_.append("a subject").append(line_end_).append(" ");
  out_.append("end").append(line_end_);
  entity(0, {});
  for (std::size_t i = one_in(2) ? 0 : below(5); i > 0; --i) damage();
  return out_;
}

void MimeGenerator::end_header() {
  if (!one_in(30)) out_ += line_end_;
}

void MimeGenerator::entity(std::size_t depth, std::string_view outer_boundary) {
  switch (depth < kMaxDepth ? below(7) : 2 + below(4)) {
    case 0:
    case 1:
      multipart(depth, outer_boundary);
      return;
    case 2:
    case 3:
      base64_body();
      return;
    case 6:
      out_.append(any_of({"Content-Type: message/rfc822", "content-type:MESSAGE/RFC822 (old)"}));
      out_.append(line_end_);
      end_header();
      out_.append("Subject: enclosed").append(line_end_);
      entity(depth + 1, outer_boundary);
      return;
    default:
      text_body();
  }
}

std::string MimeGenerator::boundary(std::string_view outer_boundary) {
  if (one_in(6)) return std::string(outer_boundary) + "x";
  if (one_in(12)) return std::string(outer_boundary);
  if (one_in(20)) return std::string(300, 'b');
  return "b" + std::to_string(random_());
}

void MimeGenerator::multipart(std::size_t depth, std::string_view outer_boundary) {
  const std::string own = boundary(outer_boundary);
  const std::string_view quote = one_in(3) ? "" : "\"";
  out_ += any_of({"Content-Type: multipart/mixed;", "Content-type: Multipart/Alternative; x=\";\";",
                  "CONTENT-TYPE: multipart/digest ;", "Content-Type: multipart/related"});
  if (one_in(2)) out_.append(line_end_).append("\t");
  out_.append(" boundary=").append(quote).append(own).append(quote).append(line_end_);
  end_header();
  if (one_in(3)) out_.append("This is a multipart message.").append(line_end_);
  for (std::size_t parts = below(4); parts > 0; --parts) {
    out_.append("--").append(own).append(one_in(8) ? "  " : "").append(line_end_);
    entity(depth + 1, own);
    if (!one_in(10)) out_ += line_end_;
  }
  if (!one_in(5)) out_.append("--").append(own).append("--").append(line_end_);
}

void MimeGenerator::base64_body() {
  out_ += any_of({"Content-Transfer-Encoding: base64", "content-transfer-encoding:\tBASE64 ",
                  "Content-Type: image/png\nContent-Transfer-Encoding: Base64"});
  out_ += line_end_;
  end_header();
  for (std::size_t i = one_in(5) ? below(4) : 0; i > 0; --i) out_ += line_end_;
  const std::size_t size = one_in(10) ? below(60'000) : below(3'000);
  const std::string decoded = one_in(4) ? std::string(size, 'e') : bytes(size);
  const std::size_t line_length = one_in(4) ? below(100) : one_in(3) ? 60 : 76;
  out_ += plain_base64(decoded, line_length, one_in(15) ? "\n" : line_end_);
  if (!one_in(8)) out_ += line_end_;
  if (one_in(8)) out_.append(plain_base64(bytes(below(900)), 76, line_end_)).append(line_end_);
  if (one_in(8)) out_.append("_____").append(line_end_).append("a list's footer");
}

void MimeGenerator::text_body() {
  out_ += any_of({"Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit",
                  "Content-Transfer-Encoding: quoted-printable", "X-Nothing: to say", "no colon"});
  out_ += line_end_;
  end_header();
  for (std::size_t lines = one_in(8) ? below(800) : below(30); lines > 0; --lines) {
    out_ += any_of({"Dear Bob,", "", "--", "--not a boundary", "caf\xc3\xa9", "a=20b=", "\r"});
    out_ += one_in(40) ? "\n" : line_end_;
  }
}

void MimeGenerator::damage() {
  if (out_.empty()) return;
  const std::size_t place = below(out_.size());
  switch (below(5)) {
    case 0:
      out_[place] = static_cast<char>(random_());
      return;
    case 1:
      out_.erase(place, 1 + below(40));
      return;
    case 2:
      out_.insert(place, any_of({"\r\n", "\n", "=", "\r", "--", " ", "\r\n\r\n"}));
      return;
    case 3:
      out_.resize(place);
      return;
    default:
      out_.insert(place, out_.substr(below(out_.size()), below(2'000)));
  }
}

}  // namespace tests
