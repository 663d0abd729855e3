#include "web/http_server.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/log.h"
#include "base/secret.h"
#include "web/allowance.h"
#include "web/answer_headers.h"
#include "web/problem.h"

namespace web {

namespace {

using Steady = std::chrono::steady_clock;

constexpr std::size_t kBlock = std::size_t{32} << 10U;  // bytes of an answer at a time
constexpr std::size_t kStack = std::size_t{512} << 10U;
// A body that is too long is read so far, so that the client sees the answer; then the connection
// is closed.
constexpr std::size_t kReadInVain = 4;                  // times the limit
constexpr std::size_t kShare = std::size_t{16} << 10U;  // bytes of a body for which memory is taken

// A request while it arrives.
struct Exchange {
  HttpRequest request;
  bool has_begun = false;
  std::uint64_t most = 0;  // bytes of the body
  std::size_t received = 0;
  std::vector<std::shared_ptr<void>> memory;  // a kShare each
  bool is_too_large = false;
  bool is_out_of_memory = false;
  Steady::time_point begun = Steady::now();
};

// The library counts the time in which an answer is made as silence of the client. It begins to
// count from the start when a connection without a timeout gets one.
void restart_timer(MHD_Connection* connection, std::chrono::seconds idle) {
  MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT, 0U);
  MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT,
                            static_cast<unsigned>(idle.count()));
}

// An answer while it is sent.
class Body {
 public:
  Body(HttpAnswer answer, MHD_Connection* connection, std::chrono::seconds idle)
      : held_(std::move(answer.held)),
        piece_(std::move(answer.body)),
        more_(std::move(answer.more)),
        connection_(connection),
        idle_(idle) {}

  ssize_t read(char* out, std::size_t most) {
    try {
      if (at_ == piece_.size()) {
        piece_ = next_piece();
        at_ = 0;
      }
      if (piece_.empty()) return MHD_CONTENT_READER_END_OF_STREAM;
      const std::size_t count = std::min(most, piece_.size() - at_);
      std::memcpy(out, piece_.data() + at_, count);
      at_ += count;
      return static_cast<ssize_t>(count);
    } catch (const std::exception& error) {
      base::log_warning("an answer broke off: {}", error.what());
      return MHD_CONTENT_READER_END_WITH_ERROR;
    }
  }

 private:
  std::string next_piece() {
    if (!more_) return {};
    std::string piece = more_();
    restart_timer(connection_, idle_);
    return piece;
  }

  std::vector<std::shared_ptr<void>> held_;  // given back last
  std::string piece_;
  std::size_t at_ = 0;
  std::function<std::string()> more_;
  MHD_Connection* connection_;
  std::chrono::seconds idle_;
};

ssize_t read_body(void* body, std::uint64_t /*position*/, char* out, std::size_t most) {
  return static_cast<Body*>(body)->read(out, most);
}

void free_body(void* body) {
  delete static_cast<Body*>(body);  // NOLINT(cppcoreguidelines-owning-memory): the library's way
}

MHD_Result queue_answer(MHD_Connection* connection, HttpAnswer answer, std::chrono::seconds idle) {
  const unsigned status = answer.status;
  const HeaderList headers = std::move(answer.headers);
  const bool is_known = !answer.more || answer.size;
  const std::uint64_t size =
      answer.more ? answer.size.value_or(MHD_SIZE_UNKNOWN) : answer.body.size();
  auto body = std::make_unique<Body>(std::move(answer), connection, idle);
  MHD_Response* const response = MHD_create_response_from_callback(
      is_known ? size : MHD_SIZE_UNKNOWN, kBlock, read_body, body.get(), free_body);
  if (response == nullptr) return MHD_NO;
  static_cast<void>(body.release());
  bool is_complete = true;
  for (const auto& [name, value] : headers) {
    if (MHD_add_response_header(response, name.c_str(), value.c_str()) != MHD_YES) {
      base::log_error("an answer's header {} can't be sent", name);
      is_complete = false;
    }
  }
  // Rather no answer than one without protection.
  const MHD_Result queued = is_complete ? MHD_queue_response(connection, status, response) : MHD_NO;
  MHD_destroy_response(response);
  return queued;
}

MHD_Result add_header(void* headers, MHD_ValueKind /*kind*/, const char* name, std::size_t length,
                      const char* value, std::size_t size) {
  static_cast<HeaderList*>(headers)->emplace_back(
      std::string(name, length), value == nullptr ? std::string() : std::string(value, size));
  return MHD_YES;
}

std::string peer_of(MHD_Connection* connection) {
  const auto* const info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
  if (info == nullptr || info->client_addr == nullptr) return {};
  std::array<char, INET6_ADDRSTRLEN> text{};
  const sockaddr* const address = info->client_addr;
  if (address->sa_family == AF_INET) {
    ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(address)->sin_addr, text.data(),
                text.size());
  } else if (address->sa_family == AF_INET6) {
    ::inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr, text.data(),
                text.size());
  }
  return text.data();
}

void* begin_exchange(void* /*cls*/, const char* target, MHD_Connection* /*connection*/) {
  auto exchange = std::make_unique<Exchange>();
  exchange->request.target = target;
  return exchange.release();
}

void end_exchange(void* /*cls*/, MHD_Connection* /*connection*/, void** exchange,
                  MHD_RequestTerminationCode /*why*/) {
  delete static_cast<Exchange*>(*exchange);  // NOLINT(cppcoreguidelines-owning-memory)
  *exchange = nullptr;
}

// The target stays as it was sent: web/target.h decodes it.
std::size_t leave_encoded(void* /*cls*/, MHD_Connection* /*connection*/, char* text) {
  return std::strlen(text);
}

void log_of_library(void* /*cls*/, const char* format, va_list arguments) {
  std::array<char, 512> line{};
  std::vsnprintf(line.data(), line.size(), format, arguments);
  std::string_view text(line.data());
  while (text.ends_with('\n')) text.remove_suffix(1);
  base::log_debug("http: {}", text);
}

HttpAnswer refusal(const Problem& problem) {
  HttpAnswer answer = problem.answer();
  protect(answer, AnswerKind::kData);
  set_header(answer, "Connection", "close");
  return answer;
}

}  // namespace

struct HttpServer::Daemon {
  HttpLimits limits;
  Handler handler;
  Admit admit;
  Allowance bodies;
  MHD_Daemon* library = nullptr;
  base::Fd listening;

  Daemon(const HttpLimits& given, Handler handling, Admit admitting)
      : limits(given),
        handler(std::move(handling)),
        admit(std::move(admitting)),
        bodies(given.bodies) {}

  MHD_Result refuse(MHD_Connection* connection, const Problem& problem) const {
    return queue_answer(connection, refusal(problem), limits.idle);
  }

  MHD_Result begin(Exchange& exchange, MHD_Connection* connection, const char* method) const {
    exchange.has_begun = true;
    exchange.request.method = method;
    exchange.request.peer = peer_of(connection);
    MHD_get_connection_values_n(connection, MHD_HEADER_KIND, add_header, &exchange.request.headers);
    try {
      admit_body(exchange, connection);
      return MHD_YES;
    } catch (const Problem& problem) {
      return refuse(connection, problem);
    }
  }

  void admit_body(Exchange& exchange, MHD_Connection* connection) const {
    const char* const length =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Length");
    std::optional<std::uint64_t> announced;
    if (length != nullptr) {
      std::uint64_t bytes = 0;
      const auto [end, error] = std::from_chars(length, length + std::strlen(length), bytes);
      if (error != std::errc() || *end != '\0') throw Problem(ProblemKind::kMalformed);
      if (bytes > limits.body) throw Problem(ProblemKind::kTooLarge);
      announced = bytes;
    } else if (MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Transfer-Encoding") ==
               nullptr) {
      return;  // without a body
    }
    exchange.most = limits.body;
    if (announced == 0U || !admit) return;
    exchange.most = std::min<std::uint64_t>(exchange.most, admit(exchange.request, announced));
    restart_timer(connection, limits.idle);
    exchange.begun = Steady::now();
    if (announced > exchange.most) throw Problem(ProblemKind::kTooLarge);
    // A string that grows would leave copies of a password behind.
    if (announced) exchange.request.body.reserve(static_cast<std::size_t>(*announced));
  }

  // False if the connection must end.
  bool take(Exchange& exchange, std::string_view bytes) {
    exchange.received += bytes.size();
    if (Steady::now() - exchange.begun > limits.upload) return false;
    if (exchange.received > exchange.most) {
      exchange.is_too_large = true;
      drop_body(exchange);
      return exchange.received <= kReadInVain * limits.body;
    }
    // For what has arrived: a body that is only announced takes memory from no other.
    while (!exchange.is_out_of_memory && exchange.memory.size() * kShare < exchange.received) {
      exchange.memory.push_back(bodies.take(kShare));
      exchange.is_out_of_memory = !exchange.memory.back();
    }
    if (exchange.is_out_of_memory) {
      drop_body(exchange);
    } else {
      exchange.request.body += bytes;
    }
    return true;
  }

  static void drop_body(Exchange& exchange) {
    base::wipe(exchange.request.body);
    exchange.request.body.shrink_to_fit();
    exchange.memory.clear();
  }

  MHD_Result finish(Exchange& exchange, MHD_Connection* connection) const {
    if (exchange.is_too_large) return refuse(connection, Problem(ProblemKind::kTooLarge));
    if (exchange.is_out_of_memory) return refuse(connection, Problem(ProblemKind::kBusy));
    HttpAnswer answer = handler(exchange.request);
    drop_body(exchange);
    restart_timer(connection, limits.idle);
    return queue_answer(connection, std::move(answer), limits.idle);
  }

  static MHD_Result on_request(void* daemon, MHD_Connection* connection, const char* /*path*/,
                               const char* method, const char* /*version*/, const char* bytes,
                               std::size_t* size, void** state) {
    auto* const exchange = static_cast<Exchange*>(*state);
    auto& self = *static_cast<Daemon*>(daemon);
    if (exchange == nullptr) return MHD_NO;
    try {
      if (!exchange->has_begun) return self.begin(*exchange, connection, method);
      if (*size == 0) return self.finish(*exchange, connection);
      const bool goes_on = self.take(*exchange, {bytes, *size});
      *size = 0;
      return goes_on ? MHD_YES : MHD_NO;
    } catch (const std::exception& error) {
      base::log_error("http: {}", error.what());
      return MHD_NO;
    }
  }
};

HttpServer::HttpServer(base::Fd listening, const HttpLimits& limits, Handler handler, Admit admit)
    : daemon_(std::make_unique<Daemon>(limits, std::move(handler), std::move(admit))) {
  daemon_->listening = std::move(listening);
  // The library closes the socket that it is given.
  const int socket = ::fcntl(daemon_->listening.get(), F_DUPFD_CLOEXEC, 0);
  if (socket < 0) base::fail_with_errno(errno, "http: copy a socket");
  // A thread for each connection, since the answers wait for the desk.
  daemon_->library =
      MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION |
                           MHD_USE_POLL | MHD_USE_ITC | MHD_USE_ERROR_LOG,
                       0, nullptr, nullptr, &Daemon::on_request, daemon_.get(),  //
                       MHD_OPTION_EXTERNAL_LOGGER, log_of_library, nullptr,      //
                       MHD_OPTION_LISTEN_SOCKET, socket,                         //
                       MHD_OPTION_URI_LOG_CALLBACK, begin_exchange, nullptr,     //
                       MHD_OPTION_NOTIFY_COMPLETED, end_exchange, nullptr,       //
                       MHD_OPTION_UNESCAPE_CALLBACK, leave_encoded, nullptr,     //
                       MHD_OPTION_CONNECTION_LIMIT, limits.connections,          //
                       MHD_OPTION_CONNECTION_TIMEOUT, static_cast<unsigned>(limits.idle.count()),
                       MHD_OPTION_CONNECTION_MEMORY_LIMIT, limits.header,  //
                       MHD_OPTION_THREAD_STACK_SIZE, kStack,               //
                       MHD_OPTION_STRICT_FOR_CLIENT, 1,                    //
                       MHD_OPTION_END);
  if (daemon_->library == nullptr) {
    base::fail(base::ErrorCode::kIo,
               "http: the server does not start: is memory or a limit of "
               "threads exhausted?");
  }
}

HttpServer::~HttpServer() {
  MHD_stop_daemon(daemon_->library);
}

bool HttpServer::end(std::chrono::milliseconds patience) {
  // The library gives up its copy of the socket, and would close it otherwise.
  const base::Fd given_back(MHD_quiesce_daemon(daemon_->library));
  daemon_->listening = base::Fd();
  const auto end = Steady::now() + patience;
  for (;;) {
    const auto* const info =
        MHD_get_daemon_info(daemon_->library, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
    if (info == nullptr || info->num_connections == 0) return true;
    if (Steady::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

}  // namespace web
