#include "base/reporting/transfer.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <curl/curl.h>
#include <fmt/core.h>

#include "base/error.h"
#include "base/handle.h"
#include "base/http/http_client.h"
#include "base/sigpipe.h"
#include "base/terminal.h"
#include "base/transfer_error.h"

namespace base {

namespace {

using Easy = Handle<CURL, curl_easy_cleanup>;
using List = Handle<curl_slist, curl_slist_free_all>;

constexpr std::chrono::seconds kMailPatience{60};

void check_curl(CURLcode code) {
  if (code != CURLE_OK) {
    fail(ErrorCode::kInternal, "set up libcurl: {}", curl_easy_strerror(code));
  }
}

std::size_t discard(char* /*bytes*/, std::size_t size, std::size_t count, void* /*user*/) {
  return size * count;
}

// Gives libcurl the next part of what is still to be sent.
std::size_t supply_rest(char* buffer, std::size_t size, std::size_t count, void* user) {
  auto& rest = *static_cast<std::string_view*>(user);
  const std::size_t taken = std::min(size * count, rest.size());
  rest.copy(buffer, taken);
  rest.remove_prefix(taken);
  return taken;
}

// Remembers the last line that refused something: "550 5.7.1 Relaying denied".
std::size_t note_refusal(char* bytes, std::size_t size, std::size_t count, void* user) {
  std::string_view line(bytes, size * count);
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
  if (line.starts_with('4') || line.starts_with('5')) *static_cast<std::string*>(user) = line;
  return size * count;
}

CURL* new_handle() {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  check_curl(ready);
  CURL* const handle = curl_easy_init();
  if (handle == nullptr) fail(ErrorCode::kInternal, "set up libcurl: out of memory");
  return handle;
}

// One transfer; `name` is its destination in messages, escaped.
class Transfer {
 public:
  Transfer(std::string name, std::chrono::seconds timeout)
      : name_(std::move(name)), easy_(new_handle()) {
    const auto milliseconds = static_cast<long>(std::chrono::milliseconds(timeout).count());
    set(CURLOPT_CONNECTTIMEOUT_MS, milliseconds);
    set(CURLOPT_TIMEOUT_MS, milliseconds);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    set(CURLOPT_ERRORBUFFER, error_.data());
    set(CURLOPT_WRITEFUNCTION, discard);
  }

  template <typename Value>
  void set(CURLoption option, Value value) {
    check_curl(curl_easy_setopt(easy_.get(), option, value));
  }

  void set_up_smtp(const MailConfig& mail, const std::string& hello_name) {
    std::string url = mail.url;
    if (url.ends_with('/')) url.pop_back();
    url += "/" + hello_name;  // libcurl sends this in EHLO
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    set(CURLOPT_PROXY, "");  // a proxy that the environment names is for the web
    set(CURLOPT_USE_SSL,
        static_cast<long>(mail.tls == TlsMode::kNone ? CURLUSESSL_NONE : CURLUSESSL_ALL));
    set(CURLOPT_CERTINFO, 1L);
    set(CURLOPT_HEADERFUNCTION, note_refusal);
    set(CURLOPT_HEADERDATA, &refusal_);
    trust(mail.ca_file);
    if (mail.login) set_up_login(*mail.login);
  }

  // Trusts only the authorities in that file; those of the system if the path is empty.
  void trust(const Path& ca_file) {
    if (ca_file.empty()) return;
    set(CURLOPT_CAINFO, ca_file.c_str());
    set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  }

  void perform() {
    const NoSigpipe guard;
    const CURLcode code = curl_easy_perform(easy_.get());
    if (code != CURLE_OK) explain(code);
  }

  std::vector<ServerCertificate> certificates() {
    curl_certinfo* chain = nullptr;
    check_curl(curl_easy_getinfo(easy_.get(), CURLINFO_CERTINFO, &chain));
    return read_certificates(chain);
  }

  [[noreturn]] void give_up(ErrorCode code, const std::string& cause) const {
    fail(code, "{}: {}", name_, cause);
  }

 private:
  void set_up_login(const LoginConfig& login) {
    secret_ = load_secret(login.password);
    set(CURLOPT_USERNAME, login.user.c_str());
    if (login.auth == LoginMethod::kPassword) {
      set(CURLOPT_PASSWORD, secret_.reveal().c_str());
      return;
    }
    set(CURLOPT_XOAUTH2_BEARER, secret_.reveal().c_str());
    set(CURLOPT_LOGIN_OPTIONS, login.auth == LoginMethod::kXoauth2 ? "AUTH=XOAUTH2"
                               : login.auth == LoginMethod::kOauthBearer
                                   ? "AUTH=OAUTHBEARER"
                                   : "AUTH=OAUTHBEARER;AUTH=XOAUTH2");
  }

  [[noreturn]] void explain(CURLcode code) const {
    const std::string cause = escape_for_terminal(
        without_measurements(error_.front() != 0 ? error_.data() : curl_easy_strerror(code)));
    const std::string words = escape_for_terminal(refusal_);
    switch (code) {
      case CURLE_COULDNT_RESOLVE_HOST:
        give_up(ErrorCode::kNetwork, "no such host: check the url, or the name service");
      case CURLE_COULDNT_CONNECT:
        give_up(ErrorCode::kNetwork, cause + ": check that the server runs and the port is right");
      case CURLE_OPERATION_TIMEDOUT:
        give_up(ErrorCode::kNetwork, cause + ": try again later");
      case CURLE_PEER_FAILED_VERIFICATION:
      case CURLE_SSL_ISSUER_ERROR:
        give_up(ErrorCode::kTls, explain_distrust(cause));
      case CURLE_SSL_CACERT_BADFILE:
        give_up(ErrorCode::kTls,
                fmt::format("can't read the certificates of the authorities: {}: check ca_file",
                            cause));
      case CURLE_USE_SSL_FAILED:
        give_up(ErrorCode::kTls,
                "the server has no STARTTLS, or an attacker in between hides it (man in the "
                "middle): use smtps://, or set \"tls\": \"none\" if the line is safe");
      case CURLE_SSL_CONNECT_ERROR:
        give_up(
            ErrorCode::kTls,
            "no TLS: " + cause +
                (name_.starts_with("https:")
                     ? ": check the port: https:// needs one that starts with TLS"
                     : ": smtps:// needs a port that starts with TLS, smtp:// one with STARTTLS"));
      case CURLE_LOGIN_DENIED:
        give_up(ErrorCode::kLogin,
                fmt::format("the server refused the login: {}: check user and password",
                            words.empty() ? cause : words));
      default:
        break;
    }
    // A temporary refusal: the server expects another attempt (RFC 5321, 4.2.1). Greylisting uses
    // this.
    if (words.starts_with('4')) {
      give_up(ErrorCode::kNetwork, "the server refused for now: " + words);
    }
    if (!words.empty()) give_up(ErrorCode::kRefused, "the server refused: " + words);
    give_up(ErrorCode::kNetwork, cause);
  }

  std::string name_;
  std::string refusal_;
  std::array<char, CURL_ERROR_SIZE> error_{};
  Secret secret_;
  Easy easy_;
};

// More bytes of the answer to a hook end the transfer. The answer is not used.
constexpr std::size_t kMaxIgnored = std::size_t{1} << 20U;

}  // namespace

void send_over_smtp(const MailConfig& mail, const std::string& hello_name, const std::string& to,
                    std::string_view message) {
  Transfer transfer(server_of_url(mail.url), kMailPatience);
  transfer.set_up_smtp(mail, hello_name);
  const List recipients(curl_slist_append(nullptr, to.c_str()));
  if (!recipients) fail(ErrorCode::kInternal, "set up libcurl: out of memory");
  transfer.set(CURLOPT_MAIL_FROM, mail.from.c_str());
  transfer.set(CURLOPT_MAIL_RCPT, recipients.get());
  transfer.set(CURLOPT_UPLOAD, 1L);
  transfer.set(CURLOPT_READFUNCTION, supply_rest);
  transfer.set(CURLOPT_READDATA, &message);
  transfer.set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(message.size()));
  transfer.perform();
}

std::vector<ServerCertificate> greet_mail_server(const MailConfig& mail,
                                                 const std::string& hello_name) {
  Transfer transfer(server_of_url(mail.url), kMailPatience);
  transfer.set_up_smtp(mail, hello_name);
  transfer.set(CURLOPT_CONNECT_ONLY, 1L);
  transfer.perform();
  return transfer.certificates();
}

void send_http_request(const HttpRequest& request) {
  HttpSettings settings;
  settings.ca_file = request.ca_file;
  settings.connect_timeout = request.timeout;
  settings.silence = request.timeout;  // what a hook starts may take its time before it answers
  settings.timeout = request.timeout;
  HttpCall call{.url = request.url, .max_body = kMaxIgnored};
  if (request.method == HttpMethod::kPost) {
    call.verb = HttpVerb::kPost;
    call.headers.emplace_back("Content-Type: application/json");
    call.body = body_of(as_bytes(request.body));
  }
  const int status = HttpClient(settings).perform(call).status;
  if (status < 200 || status > 299) {
    fail(ErrorCode::kRefused, "{}: the server answered with {}", server_of_url(request.url),
         status);
  }
}

}  // namespace base
