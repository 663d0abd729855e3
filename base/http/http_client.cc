#include "base/http/http_client.h"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <utility>

#include <curl/curl.h>
#include <fmt/core.h>

#include "base/ascii.h"
#include "base/error.h"
#include "base/handle.h"
#include "base/server_certificate.h"
#include "base/sigpipe.h"
#include "base/terminal.h"
#include "base/transfer_error.h"

namespace base {

namespace {

using HttpEasy = Handle<CURL, curl_easy_cleanup>;
using HeaderList = Handle<curl_slist, curl_slist_free_all>;

constexpr std::size_t kMaxHeaders = std::size_t{64} << 10U;  // bytes of one answer
constexpr long kBufferSize = 256L << 10U;
constexpr long kPatienceBeforeBody = 500;  // milliseconds

void require_setup(CURLcode code) {
  if (code != CURLE_OK) {
    fail(ErrorCode::kInternal, "set up libcurl: {}", curl_easy_strerror(code));
  }
}

HttpEasy new_easy() {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  require_setup(ready);
  HttpEasy easy(curl_easy_init());
  if (!easy) fail(ErrorCode::kInternal, "set up libcurl: out of memory");
  return easy;
}

HeaderList header_list(const HttpCall& call) {
  HeaderList list;
  for (const std::string& header : call.headers) {
    curl_slist* const longer = curl_slist_append(list.get(), header.c_str());
    if (longer == nullptr) fail(ErrorCode::kInternal, "set up libcurl: out of memory");
    static_cast<void>(list.release());
    list.reset(longer);
  }
  return list;
}

// One call. libcurl calls back into it; nothing may be thrown through libcurl.
class CallInProgress {
 public:
  CallInProgress(CURL* easy, const HttpSettings& settings, const HttpCall& call)
      : easy_(easy), call_(call), headers_(header_list(call)) {
    curl_easy_reset(easy_);  // keeps its connections
    set_up(settings);
    set_up_verb();
    if (call_.signature) sign(*call_.signature);
  }
  CallInProgress(const CallInProgress&) = delete;
  CallInProgress& operator=(const CallInProgress&) = delete;
  // The handle outlives this object, and must not keep what points into it.
  ~CallInProgress() { curl_easy_reset(easy_); }

  HttpAnswer perform() {
    const NoSigpipe guard;
    const CURLcode code = curl_easy_perform(easy_);
    if (thrown_) std::rethrow_exception(thrown_);
    const bool was_cut_here = code == CURLE_WRITE_ERROR && answer_.is_cut;
    if (code != CURLE_OK && !was_cut_here) explain(code);
    if (!is_head_whole_) {  // libcurl takes it for an answer without a body
      fail(ErrorCode::kNetwork, "{}: the answer ended within its headers: try again later",
           server_of_url(call_.url));
    }
    answer_.status = status();
    return std::move(answer_);
  }

 private:
  template <typename Value>
  void set(CURLoption option, Value value) {
    require_setup(curl_easy_setopt(easy_, option, value));
  }

  void set_up(const HttpSettings& settings) {
    set(CURLOPT_URL, call_.url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_PATH_AS_IS, 1L);
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    set(CURLOPT_USERAGENT, "mailstow");
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
    set(CURLOPT_TCP_KEEPALIVE, 1L);
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    set(CURLOPT_CONNECTTIMEOUT, static_cast<long>(settings.connect_timeout.count()));
    set(CURLOPT_LOW_SPEED_LIMIT, 1L);
    set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(settings.silence.count()));
    const auto timeout = call_.timeout ? call_.timeout : settings.timeout;
    if (timeout) set(CURLOPT_TIMEOUT, static_cast<long>(timeout->count()));
    if (!settings.ca_file.empty()) {
      set(CURLOPT_CAINFO, settings.ca_file.c_str());
      set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
    }
    set(CURLOPT_BUFFERSIZE, kBufferSize);
    set(CURLOPT_UPLOAD_BUFFERSIZE, kBufferSize);
    set(CURLOPT_HTTPHEADER, headers_.get());
    set(CURLOPT_ERRORBUFFER, error_.data());
    set(CURLOPT_HEADERFUNCTION, take_header);
    set(CURLOPT_HEADERDATA, this);
    set(CURLOPT_WRITEFUNCTION, take_body);
    set(CURLOPT_WRITEDATA, this);
  }

  void set_up_verb() {
    switch (call_.verb) {
      case HttpVerb::kGet:
        return;
      case HttpVerb::kHead:
        set(CURLOPT_NOBODY, 1L);
        return;
      case HttpVerb::kPut:
        set_up_body();
        set(CURLOPT_CUSTOMREQUEST, "PUT");
        return;
      case HttpVerb::kPost:
        set_up_body();
        return;
      case HttpVerb::kDelete:
        set(CURLOPT_CUSTOMREQUEST, "DELETE");
        return;
    }
  }

  // Also for PUT: before every upload of its own kind, however small, libcurl asks the server
  // whether it may, with "Expect: 100-continue", and waits for the answer. As a POST it asks only
  // before more than a megabyte, which a server may well refuse. An empty header "Expect:" would
  // switch that off too, but libcurl signs it without sending it, and a strict server refuses such
  // a signature.
  void set_up_body() {
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call_.body ? call_.body->size : 0));
    set(CURLOPT_EXPECT_100_TIMEOUT_MS, kPatienceBeforeBody);
    set(CURLOPT_READFUNCTION, give_body);
    set(CURLOPT_READDATA, this);
    // A kept connection that the server has closed meanwhile: libcurl begins on a new one.
    set(CURLOPT_SEEKFUNCTION, go_back);
    set(CURLOPT_SEEKDATA, this);
  }

  void sign(const S3Signature& signature) {
    set(CURLOPT_AWS_SIGV4, ("aws:amz:" + signature.region + ":s3").c_str());
    set(CURLOPT_USERNAME, signature.access_key.c_str());
    set(CURLOPT_PASSWORD, signature.secret.reveal().c_str());
  }

  static std::size_t take_header(char* bytes, std::size_t size, std::size_t count, void* user) {
    return static_cast<CallInProgress*>(user)->note_header({bytes, size * count});
  }

  static std::size_t take_body(char* bytes, std::size_t size, std::size_t count, void* user) {
    return static_cast<CallInProgress*>(user)->note_body({bytes, size * count});
  }

  static std::size_t give_body(char* buffer, std::size_t size, std::size_t count, void* user) {
    return static_cast<CallInProgress*>(user)->next_of_body(
        std::as_writable_bytes(std::span(buffer, size * count)));
  }

  static int go_back(void* user, curl_off_t offset, int origin) {
    if (origin != SEEK_SET || offset < 0) return CURL_SEEKFUNC_CANTSEEK;
    static_cast<CallInProgress*>(user)->sent_ = static_cast<std::uint64_t>(offset);
    return CURL_SEEKFUNC_OK;
  }

  std::size_t note_header(std::string_view line) {
    try {
      if (line.starts_with("HTTP/")) {  // those before it belonged to an interim answer
        answer_.headers.clear();
        header_bytes_ = 0;
        is_head_whole_ = false;
      }
      if (line == "\r\n" || line == "\n") is_head_whole_ = true;
      header_bytes_ += line.size();
      if (header_bytes_ > kMaxHeaders) return 0;
      const std::size_t colon = line.find(':');
      if (colon == std::string_view::npos || line.starts_with("HTTP/")) return line.size();
      const std::size_t begin = std::min(line.find_first_not_of(" \t", colon + 1), line.size());
      const std::size_t end = line.find_last_not_of(" \t\r\n") + 1;
      answer_.headers.push_back({lowered(line.substr(0, colon)),
                                 std::string(line.substr(begin, end > begin ? end - begin : 0))});
      return line.size();
    } catch (...) {
      thrown_ = std::current_exception();
      return 0;
    }
  }

  std::size_t note_body(std::string_view bytes) {
    try {
      const int code = status();
      const std::size_t limit = code >= 200 && code <= 299
                                    ? call_.max_body
                                    : std::max(call_.max_body, HttpAnswer::kMaxErrorBody);
      const std::size_t taken = std::min(bytes.size(), limit - answer_.body.size());
      const ByteView view = as_bytes(bytes.substr(0, taken));
      answer_.body.insert(answer_.body.end(), view.begin(), view.end());
      answer_.is_cut = taken < bytes.size();
      return taken;
    } catch (...) {
      thrown_ = std::current_exception();
      return 0;
    }
  }

  std::size_t next_of_body(std::span<std::byte> out) {
    try {
      const std::uint64_t left = call_.body ? call_.body->size - sent_ : 0;
      out = out.first(static_cast<std::size_t>(std::min<std::uint64_t>(left, out.size())));
      if (out.empty()) return 0;
      const std::size_t length = call_.body->read_at(sent_, out);
      if (length == 0) return CURL_READFUNC_ABORT;
      sent_ += length;
      return length;
    } catch (...) {
      thrown_ = std::current_exception();
      return CURL_READFUNC_ABORT;
    }
  }

  int status() {
    long status = 0;
    require_setup(curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status));
    return static_cast<int>(status);
  }

  [[noreturn]] void explain(CURLcode code) const {
    const std::string server = server_of_url(call_.url);
    const std::string cause = escape_for_terminal(
        without_measurements(error_.front() != 0 ? error_.data() : curl_easy_strerror(code)));
    switch (code) {
      case CURLE_COULDNT_RESOLVE_HOST:
        fail(ErrorCode::kNetwork, "{}: no such host: check the url, or the name service", server);
      case CURLE_COULDNT_RESOLVE_PROXY:
        fail(ErrorCode::kNetwork, "{}: no such proxy: check the environment (https_proxy)", server);
      case CURLE_COULDNT_CONNECT:
        fail(ErrorCode::kNetwork, "{}: {}: check that the server runs and the port is right",
             server, cause);
      case CURLE_OPERATION_TIMEDOUT:
        fail(ErrorCode::kNetwork, "{}: {}: try again later", server, cause);
      case CURLE_PEER_FAILED_VERIFICATION:
      case CURLE_SSL_ISSUER_ERROR:
        fail(ErrorCode::kTls, "{}: {}", server, explain_distrust(cause));
      case CURLE_SSL_CACERT_BADFILE:
        fail(ErrorCode::kTls,
             "{}: can't read the certificates of the authorities: {}: check ca_file", server,
             cause);
      case CURLE_SSL_CONNECT_ERROR:
        fail(ErrorCode::kTls,
             "{}: no TLS: {}: check the port: https:// needs one that starts with TLS", server,
             cause);
      default:
        fail(ErrorCode::kNetwork, "{}: {}", server, cause);
    }
  }

  CURL* easy_;
  const HttpCall& call_;
  HeaderList headers_;
  std::array<char, CURL_ERROR_SIZE> error_{};
  HttpAnswer answer_;
  std::size_t header_bytes_ = 0;
  bool is_head_whole_ = false;
  std::uint64_t sent_ = 0;
  std::exception_ptr thrown_;
};

}  // namespace

HttpBody body_of(ByteView bytes) {
  return {.size = bytes.size(), .read_at = [bytes](std::uint64_t offset, std::span<std::byte> out) {
            const ByteView rest = bytes.subspan(static_cast<std::size_t>(offset));
            const std::size_t length = std::min(out.size(), rest.size());
            std::copy_n(rest.begin(), length, out.begin());
            return length;
          }};
}

std::optional<std::string_view> HttpAnswer::header(std::string_view name) const {
  const auto found = std::find_if(headers.rbegin(), headers.rend(),
                                  [&](const HttpHeader& header) { return header.name == name; });
  return found == headers.rend() ? std::nullopt : std::optional<std::string_view>(found->value);
}

std::optional<std::chrono::sys_seconds> HttpAnswer::date() const {
  const std::optional<std::string_view> text = header("date");
  return text ? parse_http_date(*text) : std::nullopt;
}

std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text) {
  const std::time_t time = curl_getdate(std::string(text).c_str(), nullptr);
  if (time < 0) return std::nullopt;
  return std::chrono::sys_seconds(std::chrono::seconds(time));
}

// Handles, each with a connection. A handle is created when no other is idle.
class HttpClient::Pool {
 public:
  explicit Pool(HttpSettings settings) : settings_(std::move(settings)) {}

  HttpAnswer perform(const HttpCall& call) {
    const Borrowed borrowed(*this);
    return CallInProgress(borrowed.easy(), settings_, call).perform();
  }

 private:
  class Borrowed {
   public:
    explicit Borrowed(Pool& pool) : pool_(pool), easy_(pool.take()) {}
    Borrowed(const Borrowed&) = delete;
    Borrowed& operator=(const Borrowed&) = delete;
    ~Borrowed() { pool_.give_back(std::move(easy_)); }
    CURL* easy() const { return easy_.get(); }

   private:
    Pool& pool_;
    HttpEasy easy_;
  };

  HttpEasy take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return in_use_ < std::max(settings_.connections, 1U); });
    if (idle_.empty()) {
      idle_.reserve(in_use_ + 1);  // so that give_back() can't fail
      idle_.push_back(new_easy());
    }
    HttpEasy easy = std::move(idle_.back());
    idle_.pop_back();
    ++in_use_;
    return easy;
  }

  void give_back(HttpEasy easy) noexcept {
    {
      const std::lock_guard lock(mutex_);
      --in_use_;
      idle_.push_back(std::move(easy));
    }
    changed_.notify_one();
  }

  const HttpSettings settings_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<HttpEasy> idle_;
  unsigned in_use_ = 0;
};

HttpClient::HttpClient(HttpSettings settings)
    : pool_(std::make_unique<Pool>(std::move(settings))) {}
HttpClient::~HttpClient() = default;

HttpAnswer HttpClient::perform(const HttpCall& call) {
  return pool_->perform(call);
}

}  // namespace base
