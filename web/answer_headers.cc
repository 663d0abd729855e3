#include "web/answer_headers.h"

#include <string_view>

namespace web {

namespace {

constexpr std::string_view kPagePolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'";
constexpr std::string_view kDataPolicy =
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox";
constexpr std::string_view kMailPolicy =
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src data:; "
    "style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'";
constexpr std::string_view kPicturesPolicy =
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
    "img-src data: https:; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'self'";

std::string_view policy_of(AnswerKind kind) {
  switch (kind) {
    case AnswerKind::kPage:
      return kPagePolicy;
    case AnswerKind::kMail:
      return kMailPolicy;
    case AnswerKind::kMailWithPictures:
      return kPicturesPolicy;
    case AnswerKind::kData:
    case AnswerKind::kFile:
      break;
  }
  return kDataPolicy;
}

}  // namespace

void protect(HttpAnswer& answer, AnswerKind kind) {
  set_header(answer, "Content-Security-Policy", std::string(policy_of(kind)));
  set_header(answer, "X-Content-Type-Options", "nosniff");
  set_header(answer, "Referrer-Policy", "no-referrer");
  set_header(answer, "X-DNS-Prefetch-Control", "off");
  set_header(answer, "Cross-Origin-Resource-Policy", "same-origin");
  set_header(answer, "Cross-Origin-Opener-Policy", "same-origin");
  // People's mail stays in no cache; the page's own files may, but are looked up each time.
  set_header(answer, "Cache-Control", kind == AnswerKind::kPage ? "no-cache" : "no-store");
}

}  // namespace web
