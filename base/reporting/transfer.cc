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
#include "base/reporting/mail_error.h"
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

// One session with a mail server; `name` is the server in messages, escaped.
class Submission {
 public:
  explicit Submission(std::string name) : name_(std::move(name)), easy_(new_handle()) {
    const auto milliseconds = static_cast<long>(std::chrono::milliseconds(kMailPatience).count());
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

  void set_up_session(const MailConfig& mail, const std::string& hello_name) {
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

  // Without this, nothing is sent. `message` must outlive the submission.
  void set_up_message(const std::string& from, const std::string& to, std::string_view message) {
    recipients_.reset(curl_slist_append(nullptr, to.c_str()));
    if (!recipients_) fail(ErrorCode::kInternal, "set up libcurl: out of memory");
    rest_ = message;
    set(CURLOPT_MAIL_FROM, from.c_str());
    set(CURLOPT_MAIL_RCPT, recipients_.get());
    set(CURLOPT_UPLOAD, 1L);
    set(CURLOPT_READFUNCTION, supply_rest);
    set(CURLOPT_READDATA, &*rest_);
    set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(message.size()));
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

 private:
  void set_up_login(const LoginConfig& login) {
    try {
      secret_ = load_secret(login.password);
    } catch (const Error& error) {
      throw MailError(MailFailure::kServer, error.code(), error.what());
    }
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

  // Most failures keep all mail from being sent.
  [[noreturn]] void give_up(ErrorCode code, const std::string& cause,
                            MailFailure failure = MailFailure::kServer) const {
    throw MailError(failure, code, fmt::format("{}: {}", name_, cause));
  }

  // Whether the server may have the whole message. An empty message is never sent.
  bool has_sent_message() const { return rest_ && rest_->empty(); }

  // The code of the server's last reply, but for that to QUIT; 0: there was no reply.
  long last_reply() const {
    long reply = 0;
    check_curl(curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &reply));
    return reply;
  }

  [[noreturn]] void explain(CURLcode code) const {
    const std::string cause = escape_for_terminal(
        without_measurements(error_.front() != 0 ? error_.data() : curl_easy_strerror(code)));
    const long reply = last_reply();
    const bool is_refused = reply / 100 == 4 || reply / 100 == 5;
    if (has_sent_message() && !is_refused) {
      give_up(ErrorCode::kNetwork,
              cause + ": the server may have received the whole mail, but did not confirm it",
              MailFailure::kUnknown);
    }
    explain_session(code, cause);
    if (!is_refused) give_up(ErrorCode::kNetwork, cause);
    // libcurl reports a refused MAIL, RCPT or DATA in this way. Before them, the server refuses the
    // whole session.
    explain_refusal(reply, code == CURLE_SEND_ERROR || has_sent_message());
  }

  // Returns if the failure is not one of the connection, of TLS or of the login.
  void explain_session(CURLcode code, const std::string& cause) const {
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
        give_up(ErrorCode::kTls,
                fmt::format("no TLS: {}: smtps:// needs a port that starts with TLS, smtp:// one "
                            "with STARTTLS",
                            cause));
      case CURLE_LOGIN_DENIED:
        give_up(ErrorCode::kLogin, fmt::format("the server refused the login: {}: check user and "
                                               "password",
                                               refusal_.empty() ? cause : words()));
      default:
        return;
    }
  }

  // By the first digit of `reply` (RFC 5321, 4.2.1): after 4, the server expects another attempt,
  // as for greylisting. With 421 it ends the session.
  [[noreturn]] void explain_refusal(long reply, bool is_about_message) const {
    constexpr long kClosing = 421;
    const bool is_for_now = reply / 100 == 4;
    const std::string cause =
        (is_for_now ? "the server refused for now: " : "the server refused: ") + words();
    if (!is_about_message || reply == kClosing) {
      give_up(is_for_now ? ErrorCode::kNetwork : ErrorCode::kRefused, cause);
    }
    give_up(ErrorCode::kRefused, cause,
            is_for_now ? MailFailure::kDeferred : MailFailure::kRefused);
  }

  std::string words() const { return escape_for_terminal(refusal_); }

  std::string name_;
  std::string refusal_;
  std::array<char, CURL_ERROR_SIZE> error_{};
  Secret secret_;
  List recipients_;
  std::optional<std::string_view> rest_;  // of the message; nullopt: nothing is sent
  Easy easy_;                             // last: it refers to the others
};

// More bytes of the answer to a hook end the transfer. The answer is not used.
constexpr std::size_t kMaxIgnored = std::size_t{1} << 20U;

}  // namespace

void send_over_smtp(const MailConfig& mail, const std::string& hello_name, const std::string& to,
                    std::string_view message) {
  Submission submission(server_of_url(mail.url));
  submission.set_up_session(mail, hello_name);
  submission.set_up_message(mail.from, to, message);
  submission.perform();
}

std::vector<ServerCertificate> greet_mail_server(const MailConfig& mail,
                                                 const std::string& hello_name) {
  Submission submission(server_of_url(mail.url));
  submission.set_up_session(mail, hello_name);
  submission.set(CURLOPT_CONNECT_ONLY, 1L);
  submission.perform();
  return submission.certificates();
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
