// Requests over HTTP with libcurl, over connections that are kept for the next ones. Nothing here
// retries or follows redirects. A proxy that the environment names (https_proxy, no_proxy) is used.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/file_system.h"
#include "base/secret.h"

namespace base {

struct HttpSettings {
  Path ca_file;              // empty: the system's authorities
  unsigned connections = 1;  // transfers at a time: other calls wait for one of them to end
  std::chrono::seconds connect_timeout{20};
  std::chrono::seconds silence{60};  // a transfer in which nothing moves for so long has failed
  // The time for the whole transfer; nullopt: unlimited.
  std::optional<std::chrono::seconds> timeout;
};

enum class HttpVerb { kGet, kHead, kPut, kPost, kDelete };

struct HttpBody {
  std::uint64_t size = 0;
  // Fills `out` from `offset` on. Returns the number of bytes; 0 is a failure. May throw.
  std::function<std::size_t(std::uint64_t offset, std::span<std::byte> out)> read_at;
};

HttpBody body_of(ByteView bytes);  // which must live until the answer is there

// AWS Signature Version 4 for the service s3. libcurl signs the headers of the call as they are
// given, so x-amz-content-sha256 must be among them, and the query of the URL must be sorted and
// percent-encoded.
struct S3Signature {
  std::string region;
  std::string access_key;
  Secret secret;
};

struct HttpCall {
  HttpVerb verb = HttpVerb::kGet;
  std::string url;
  std::vector<std::string> headers = {};  // "name: value"
  std::optional<HttpBody> body = {};      // of kPut and kPost
  std::optional<S3Signature> signature = {};
  std::size_t max_body = 0;  // of the answer, in bytes; an error may have kMaxErrorBody
  // The time for this call, instead of HttpSettings::timeout.
  std::optional<std::chrono::seconds> timeout = {};
};

struct HttpHeader {
  std::string name;  // lower case
  std::string value;
};

struct HttpAnswer {
  static constexpr std::size_t kMaxErrorBody = std::size_t{64} << 10U;

  int status = 0;
  std::vector<HttpHeader> headers;
  Bytes body;
  bool is_cut = false;  // the body was longer than accepted: this is its beginning

  // The value of the last header of this name (in lower case); nullopt: it is absent.
  std::optional<std::string_view> header(std::string_view name) const;

  // The server's clock.
  std::optional<std::chrono::sys_seconds> date() const;
};

// The time of an HTTP header: "Sun, 29 Nov 2026 19:11:45 GMT". Nullopt if it is not one.
std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text);

// Thread-safe.
class HttpClient {
 public:
  explicit HttpClient(HttpSettings settings);
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  ~HttpClient();

  // Returns the answer, whatever its status. Fails with kNetwork (no connection, a lost one, an
  // answer that ended before its end or is not HTTP) and kTls; with what body.read_at() throws. The
  // message begins with scheme and host of the URL: its path may be a secret.
  HttpAnswer perform(const HttpCall& call);

 private:
  class Pool;
  std::unique_ptr<Pool> pool_;
};

}  // namespace base
