// How a server is accessed: values of the configuration that the IMAP client and the mailer take as
// they are.
#pragma once

namespace base {

enum class TlsMode {
  kRequired,  // imaps://, smtps://: TLS from the first byte; imap://, smtp://: STARTTLS, or no
              // login
  kNone,      // plain text: only if the configuration explicitly says so
};

enum class Compression { kNone, kDeflate };

enum class LoginMethod {
  kPassword,     // any mechanism the server offers, the strongest first
  kOauth,        // a token, with whichever of the next two the server offers
  kXoauth2,      // Google's and Microsoft's
  kOauthBearer,  // RFC 7628
  kExternal,     // SASL EXTERNAL (RFC 4422): identified by the client certificate, without a secret
};

}  // namespace base
