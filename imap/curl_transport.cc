#include "imap/curl_transport.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include <curl/curl.h>
#include <poll.h>

#include "base/error.h"
#include "base/handle.h"
#include "base/sigpipe.h"
#include "base/stop_request.h"
#include "base/terminal.h"
#include "base/transfer_error.h"
#include "imap/connection_lost.h"
#include "imap/login_exchange.h"

namespace imap {

namespace {

using base::ErrorCode;
using Easy = base::Handle<CURL, curl_easy_cleanup>;
using Url = base::Handle<CURLU, curl_url_cleanup>;
using CurlText = base::Handle<char, curl_free>;

// The size of libcurl's reads from the socket, in bytes.
constexpr long kMaxAtOnce = 256L << 10U;

// The login as libcurl's callbacks observe it.
struct ObservedLogin {
  CURL* easy = nullptr;
  LoginExchange exchange;
  std::exception_ptr error;  // nothing may be thrown through libcurl
};

// False before the handshake, and if libcurl does not know.
bool is_encrypted(CURL* easy) {
  curl_off_t handshake = 0;  // microseconds until it was done; 0: no handshake
  const CURLcode code = curl_easy_getinfo(easy, CURLINFO_APPCONNECT_TIME_T, &handshake);
  return code == CURLE_OK && handshake > 0;
}

std::size_t note_line(char* bytes, std::size_t size, std::size_t count, void* user) {
  auto& login = *static_cast<ObservedLogin*>(user);
  try {
    login.exchange.note({bytes, size * count}, is_encrypted(login.easy));
  } catch (...) {
    login.error = std::current_exception();
    return 0;  // libcurl ends the login
  }
  return size * count;
}

constexpr std::string_view kAbandoned = "the pending command was abandoned";

// libcurl calls this at least once a second while it connects and logs in.
int abort_if_stopped(void* /*user*/, curl_off_t /*down*/, curl_off_t /*down_now*/,
                     curl_off_t /*up*/, curl_off_t /*up_now*/) {
  return base::stop_descriptor() >= 0 && base::is_stop_requested() ? 1 : 0;
}

void check(CURLcode code) {
  if (code != CURLE_OK) {
    base::fail(ErrorCode::kInternal, "set up libcurl: {}", curl_easy_strerror(code));
  }
}

CurlText url_part(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  curl_url_get(url, part, &text, 0);
  return CurlText(text);
}

// Accepts only imap://host[:port] and imaps://host[:port]: libcurl would interpret a user or a
// path.
bool is_server_url(const std::string& text) {
  const Url url(curl_url());
  if (curl_url_set(url.get(), CURLUPART_URL, text.c_str(), CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK) {
    return false;
  }
  const CurlText scheme = url_part(url.get(), CURLUPART_SCHEME);
  if (!scheme ||
      (std::string_view(scheme.get()) != "imap" && std::string_view(scheme.get()) != "imaps")) {
    return false;
  }
  for (const CURLUPart part : {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_OPTIONS,
                               CURLUPART_QUERY, CURLUPART_FRAGMENT}) {
    if (url_part(url.get(), part)) return false;
  }
  const CurlText path = url_part(url.get(), CURLUPART_PATH);
  return !path || std::string_view(path.get()) == "/";
}

class CurlTransport : public Transport {
 public:
  CurlTransport(const Endpoint& endpoint, const Login& login)
      : name_(base::escape_for_terminal(endpoint.url)), easy_(curl_easy_init()) {
    if (!easy_) base::fail(ErrorCode::kInternal, "set up libcurl: out of memory");
    set_up(endpoint, login);
    const CURLcode code = connect();
    if (login_.error) std::rethrow_exception(login_.error);
    if (code == CURLE_ABORTED_BY_CALLBACK) base::stop_if_requested(name_, kAbandoned);
    if (code != CURLE_OK) explain(code, endpoint, login);
    if (login_.exchange.is_preauthenticated()) {
      fail(ErrorCode::kLogin,
           "the server greets with PREAUTH, so the account can't be verified: use a port that "
           "requires a login");
    }
    if (endpoint.tls == TlsMode::kRequired && !is_encrypted(easy_.get())) {
      fail(ErrorCode::kTls, "the connection is not encrypted: use an imaps:// url");
    }
    check(curl_easy_getinfo(easy_.get(), CURLINFO_ACTIVESOCKET, &socket_));
    if (socket_ == CURL_SOCKET_BAD) fail(ErrorCode::kNetwork, "the connection is lost: try again");
  }

  std::size_t send(base::ByteView bytes) override {
    const base::NoSigpipe guard;
    std::size_t sent = 0;
    const CURLcode code = curl_easy_send(easy_.get(), bytes.data(), bytes.size(), &sent);
    if (code == CURLE_AGAIN) return 0;
    if (code != CURLE_OK) lose(code);
    return sent;
  }

  std::size_t receive(std::span<std::byte> buffer) override {
    const base::NoSigpipe guard;
    std::size_t filled = 0;
    // TLS returns at most one TLS record at a time.
    while (filled < buffer.size()) {
      std::size_t received = 0;
      const CURLcode code =
          curl_easy_recv(easy_.get(), buffer.data() + filled, buffer.size() - filled, &received);
      if (code == CURLE_AGAIN) break;
      if ((code != CURLE_OK || received == 0) && filled > 0) break;  // reported by the next call
      if (code != CURLE_OK) lose(code);
      if (received == 0) fail(ErrorCode::kNetwork, "the server closed the connection: try again");
      filled += received;
    }
    return filled;
  }

  bool wait(bool to_send, std::chrono::milliseconds timeout) override {
    using Steady = std::chrono::steady_clock;
    const Steady::time_point end = Steady::now() + timeout;
    // A descriptor of -1 is never ready.
    std::array sources = {
        pollfd{socket_, static_cast<short>(to_send ? POLLIN | POLLOUT : POLLIN), 0},
        pollfd{base::stop_descriptor(), POLLIN, 0}};
    for (;;) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Steady::now());
      const int ready =
          ::poll(sources.data(), sources.size(), static_cast<int>(std::max<long>(left.count(), 0)));
      if (ready > 0 && sources[1].revents != 0) base::stop_if_requested(name_, kAbandoned);
      if (ready > 0) return true;
      if (ready == 0) return false;
      if (errno != EINTR) fail(ErrorCode::kNetwork, std::strerror(errno));
    }
  }

  std::vector<std::string> announced() const override { return login_.exchange.capabilities(); }

  std::vector<base::ServerCertificate> certificates() {
    curl_certinfo* chain = nullptr;
    check(curl_easy_getinfo(easy_.get(), CURLINFO_CERTINFO, &chain));
    return base::read_certificates(chain);
  }

 private:
  template <typename Value>
  void set(CURLoption option, Value value) {
    check(curl_easy_setopt(easy_.get(), option, value));
  }

  void set_up(const Endpoint& endpoint, const Login& login) {
    set(CURLOPT_URL, endpoint.url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "imap,imaps");
    set(CURLOPT_CONNECT_ONLY, 1L);
    set(CURLOPT_HTTPPROXYTUNNEL, 1L);  // for an HTTP proxy from the environment
    set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_TCP_KEEPALIVE, 1L);
    set(CURLOPT_BUFFERSIZE, kMaxAtOnce);
    const auto timeout = static_cast<long>(endpoint.connect_timeout.count());
    set(CURLOPT_CONNECTTIMEOUT_MS, timeout);
    set(CURLOPT_TIMEOUT_MS, timeout);  // for the greeting and the login too
    set(CURLOPT_USE_SSL,
        static_cast<long>(endpoint.tls == TlsMode::kNone ? CURLUSESSL_NONE : CURLUSESSL_ALL));
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    if (!endpoint.ca_file.empty()) {
      set(CURLOPT_CAINFO, endpoint.ca_file.c_str());
      set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));  // trust only that file
    }
    if (!endpoint.certificate.file.empty()) {
      set(CURLOPT_SSLCERT, endpoint.certificate.file.c_str());
      const auto& key = endpoint.certificate.key_file;
      set(CURLOPT_SSLKEY, (key.empty() ? endpoint.certificate.file : key).c_str());
      set(CURLOPT_KEYPASSWD, endpoint.certificate.password.reveal().c_str());
    }
    if (!endpoint.proxy.url.empty()) set(CURLOPT_PROXY, endpoint.proxy.url.c_str());
    if (!endpoint.proxy.user.empty()) {
      set(CURLOPT_PROXYUSERNAME, endpoint.proxy.user.c_str());
      set(CURLOPT_PROXYPASSWORD, endpoint.proxy.password.reveal().c_str());
    }
    if (login.user.empty()) {
      set(CURLOPT_CERTINFO, 1L);  // no login, only certificates
    } else if (login.method == LoginMethod::kPassword) {
      set_up_password(login);
    } else {
      set_up_token_or_certificate(login);
    }
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_XFERINFOFUNCTION, abort_if_stopped);
    set(CURLOPT_ERRORBUFFER, error_.data());
    set(CURLOPT_HEADERFUNCTION, note_line);
    login_.easy = easy_.get();
    set(CURLOPT_HEADERDATA, &login_);
  }

  void set_up_password(const Login& login) {
    set(CURLOPT_USERNAME, login.user.c_str());
    set(CURLOPT_PASSWORD, login.password.reveal().c_str());
    if (!login.acting_as.empty()) {
      set(CURLOPT_SASL_AUTHZID, login.acting_as.c_str());
      // By default, libcurl prefers CRAM-MD5 if offered, which has no authorization identity: the
      // login would open the wrong account.
      set(CURLOPT_LOGIN_OPTIONS, "AUTH=PLAIN");
    }
  }

  // Tokens and certificates already identify their owner: the name sent with them is the account to
  // open.
  void set_up_token_or_certificate(const Login& login) {
    set(CURLOPT_USERNAME, (login.acting_as.empty() ? login.user : login.acting_as).c_str());
    set(CURLOPT_LOGIN_OPTIONS, login_options(login.method));
    if (login.method != LoginMethod::kExternal) {
      set(CURLOPT_XOAUTH2_BEARER, login.password.reveal().c_str());
    }
  }

  CURLcode connect() {
    const base::NoSigpipe guard;
    return curl_easy_perform(easy_.get());
  }

  [[noreturn]] void fail(ErrorCode code, const std::string& cause) const {
    if (code == ErrorCode::kNetwork) {
      throw ConnectionLost(name_ + ": " + cause, suggested_pause(login_.exchange.refusal()));
    }
    base::fail(code, "{}: {}", name_, cause);
  }

  [[noreturn]] void refuse(const LoginRefusal& refusal) const { fail(refusal.code, refusal.cause); }

  [[noreturn]] void lose(CURLcode code) const {
    fail(ErrorCode::kNetwork,
         fmt::format("the connection is lost: {}: try again", curl_easy_strerror(code)));
  }

  // Fails with the reason why connecting or logging in failed.
  [[noreturn]] void explain(CURLcode code, const Endpoint& endpoint, const Login& login) const {
    const std::string_view detail = error_.front() != 0 ? error_.data() : curl_easy_strerror(code);
    const std::string cause = base::escape_for_terminal(base::without_measurements(detail));
    const std::string words = base::escape_for_terminal(login_.exchange.refusal());
    switch (code) {
      case CURLE_COULDNT_RESOLVE_HOST:
      case CURLE_COULDNT_RESOLVE_PROXY:
        // For a proxy, libcurl reports one or the other, depending on when the name service
        // answers.
        if (!endpoint.proxy.url.empty()) {
          fail(ErrorCode::kNetwork, "no such host: check the url, the proxy and the name service");
        }
        if (code == CURLE_COULDNT_RESOLVE_PROXY) {
          fail(ErrorCode::kNetwork, cause + ": check all_proxy in the environment");
        }
        fail(ErrorCode::kNetwork, "no such host: check the url and the name service");
      case CURLE_PROXY:
        fail(ErrorCode::kNetwork, cause + ": check proxy and proxy_login");
      case CURLE_COULDNT_CONNECT:
        fail(ErrorCode::kNetwork, cause + ": check that the server runs and the port is right");
      case CURLE_PEER_FAILED_VERIFICATION:
      case CURLE_SSL_ISSUER_ERROR:
        fail(ErrorCode::kTls, base::explain_distrust(cause));
      case CURLE_SSL_CACERT_BADFILE:
        fail(ErrorCode::kTls,
             fmt::format("the CA certificates can't be read: {}: check "
                         "ca_file",
                         endpoint.ca_file.empty()
                             ? cause
                             : base::escape_for_terminal(endpoint.ca_file.string())));
      case CURLE_SSL_CERTPROBLEM:
        fail(ErrorCode::kTls, "the client certificate can't be used: " + cause +
                                  ": check client_certificate, its key_file and password");
      case CURLE_USE_SSL_FAILED:
        fail(ErrorCode::kTls, no_starttls());
      case CURLE_SSL_CONNECT_ERROR:
        fail(ErrorCode::kTls, "the TLS handshake failed: " + cause +
                                  ": use imaps:// for a port that starts with TLS, imap:// for one "
                                  "with STARTTLS");
      case CURLE_LOGIN_DENIED:
        refuse(login_.exchange.why_refused(login));
      case CURLE_WEIRD_SERVER_REPLY:
        if (login_.exchange.refusal().empty() && login_.exchange.was_greeted()) {
          fail(ErrorCode::kTls,
               "the server sent data after its response to STARTTLS, as an attacker in between "
               "would: use imaps://");
        }
        break;
      case CURLE_OPERATION_TIMEDOUT:
        fail(ErrorCode::kNetwork,
             fmt::format("no response within {} s: check the url, or try again later",
                         std::chrono::duration_cast<std::chrono::seconds>(endpoint.connect_timeout)
                             .count()));
      default:
        break;
    }
    long proxy_status = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_HTTP_CONNECTCODE, &proxy_status);
    if (proxy_status >= 400) {
      fail(ErrorCode::kNetwork, cause + ": check proxy and proxy_login");
    }
    fail(ErrorCode::kNetwork, words.empty() ? cause + ": try again later"
                                            : "the server closed the connection: " + words);
  }

  std::string no_starttls() const {
    return login_.exchange.is_preauthenticated()
               ? "the server greets with PREAUTH, which rules out STARTTLS: use imaps://"
               : "the server has no STARTTLS, or an attacker in between hides it: use imaps://, or "
                 "set \"tls\": \"none\" if the network is trusted";
  }

  std::string name_;
  ObservedLogin login_;
  std::array<char, CURL_ERROR_SIZE> error_{};
  Easy easy_;
  curl_socket_t socket_ = CURL_SOCKET_BAD;
};

std::unique_ptr<CurlTransport> connect(const Endpoint& endpoint, const Login& login) {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  check(ready);
  if (!is_server_url(endpoint.url)) {
    base::fail(ErrorCode::kConfig,
               "{}: not an IMAP server's url: use imap://HOST or imaps://HOST, with "
               ":PORT if it is not the default",
               base::escape_for_terminal(endpoint.url));
  }
  return std::make_unique<CurlTransport>(endpoint, login);
}

}  // namespace

std::unique_ptr<Transport> connect_with_curl(const Endpoint& endpoint, const Login& login) {
  return connect(endpoint, login);
}

std::vector<base::ServerCertificate> presented_certificates(const Endpoint& endpoint) {
  return connect(endpoint, {})->certificates();
}

}  // namespace imap
