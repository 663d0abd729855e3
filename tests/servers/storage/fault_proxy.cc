#include "tests/servers/storage/fault_proxy.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"

namespace servers {

namespace {

using namespace std::chrono_literals;
using base::HttpVerb;

constexpr auto kFaultDelay = 30ms;
constexpr auto kPortalPage = "<html><body><h1>Welcome. Please log in.</h1></body></html>";
constexpr std::size_t kMaxForwarded = std::size_t{1} << 30U;

std::string word_of_line(const std::string& line, int word) {
  std::size_t begin = 0;
  for (; word > 0; --word) begin = std::min(line.find(' ', begin), line.size() - 1) + 1;
  return line.substr(begin, line.find(' ', begin) - begin);
}

std::string verb_of(const ReceivedRequest& request) {
  return word_of_line(request.line, 0);
}

// With its query.
std::string path_of(const ReceivedRequest& request) {
  return word_of_line(request.line, 1);
}

// "/bucket/key", as opposed to a bucket and to what is requested of it.
bool is_object(const ReceivedRequest& request) {
  const std::string path = path_of(request);
  return path.find('?') == std::string::npos && path.find('/', 1) != std::string::npos;
}

bool is_reading(const ReceivedRequest& request) {
  return is_object(request) && verb_of(request) == "GET";
}

bool is_good(const base::HttpAnswer& answer) {
  return answer.status >= 200 && answer.status <= 299;
}

bool is_about_transfer(const std::string& name) {
  return name == "content-length" || name == "transfer-encoding" || name == "connection";
}

HttpVerb http_verb(const ReceivedRequest& request) {
  const std::string verb = verb_of(request);
  if (verb == "GET") return HttpVerb::kGet;
  if (verb == "HEAD") return HttpVerb::kHead;
  if (verb == "PUT") return HttpVerb::kPut;
  if (verb == "POST") return HttpVerb::kPost;
  base::fail(base::ErrorCode::kInternal, "fault proxy: {}: not a verb that it knows", verb);
}

std::string head_of(const base::HttpAnswer& answer) {
  std::string head = fmt::format("HTTP/1.1 {} Answer\r\n", answer.status);
  for (const base::HttpHeader& header : answer.headers) {
    if (!is_about_transfer(header.name)) head += header.name + ": " + header.value + "\r\n";
  }
  return head;
}

// The length that the client is to expect, without which a body ends with the connection.
std::string length_line(const ReceivedRequest& request, const base::HttpAnswer& answer) {
  const std::string length = verb_of(request) == "HEAD"
                                 ? std::string(answer.header("content-length").value_or("0"))
                                 : std::to_string(answer.body.size());
  return "Content-Length: " + length + "\r\n";
}

RawAnswer serialized(const ReceivedRequest& request, const base::HttpAnswer& answer) {
  return {.bytes =
              head_of(answer) + length_line(request, answer) + "\r\n" + base::to_text(answer.body)};
}

struct ByteRange {
  std::size_t first = 0;
  std::size_t size = 0;
};

std::size_t number_at_start(std::string_view text) {
  std::size_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// "bytes=3-7" or "bytes=-5", of an object of that size.
ByteRange range_of(const std::string& header, std::size_t size) {
  const std::string_view range = std::string_view(header).substr(header.find('=') + 1);
  const std::size_t dash = range.find('-');
  const std::size_t last = number_at_start(range.substr(dash + 1));
  if (dash == 0) return {.first = size - std::min(last, size), .size = std::min(last, size)};
  const std::size_t first = std::min(number_at_start(range), size);
  return {.first = first, .size = std::clamp(last + 1, first, size) - first};
}

}  // namespace

FaultProxy::FaultProxy(std::string storage_url)
    : storage_url_(std::move(storage_url)),
      server_([this](const ReceivedRequest& request) { return answer(request); }) {}

void FaultProxy::begin(const FaultPlan& plan) {
  const std::lock_guard lock(mutex_);
  plan_ = plan;
  random_ = Random(plan.seed);
  in_a_row_.clear();
}

void FaultProxy::end() {
  const std::lock_guard lock(mutex_);
  plan_.reset();
}

unsigned FaultProxy::count(Fault fault) const {
  const std::lock_guard lock(mutex_);
  const auto found = counts_.find(fault);
  return found == counts_.end() ? 0 : found->second;
}

std::optional<RawAnswer> FaultProxy::answer(const ReceivedRequest& request) {
  const std::lock_guard lock(mutex_);
  try {
    if (const auto fault = choose_fault(request)) return answer_wrongly(request, *fault);
    return serialized(request, forward(request));
  } catch (const base::Error&) {
    return std::nullopt;
  }
}

std::optional<Fault> FaultProxy::choose_fault(const ReceivedRequest& request) {
  if (!plan_) return std::nullopt;
  unsigned& in_a_row = in_a_row_[request.line];
  const Fault fault = plan_->faults[random_.below(plan_->faults.size())];
  const bool is_lie = fault == Fault::kSwappedBody || fault == Fault::kFlippedByte;
  const bool fits =
      request.line.find(plan_->within) != std::string::npos && (!is_lie || is_reading(request));
  if (random_.below(100) >= plan_->percent || in_a_row >= plan_->in_a_row || !fits) {
    in_a_row = 0;
    return std::nullopt;
  }
  ++in_a_row;
  ++counts_[fault];
  return fault;
}

std::optional<RawAnswer> FaultProxy::answer_wrongly(const ReceivedRequest& request, Fault fault) {
  switch (fault) {
    case Fault::kUnavailable:
      return RawAnswer{.bytes =
                           "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 0\r\n"
                           "Content-Length: 0\r\n\r\n"};
    case Fault::kCutBody:
      return cut(request);
    case Fault::kLostAnswer:
      return lose_answer(request);
    case Fault::kCaptivePortal:
      return portal(request);
    case Fault::kDelay:
      std::this_thread::sleep_for(kFaultDelay);
      break;
    case Fault::kSwappedBody:
      return swap_body(request);
    case Fault::kFlippedByte:
      return flip_byte(request);
  }
  return serialized(request, forward(request));
}

std::optional<RawAnswer> FaultProxy::lose_answer(const ReceivedRequest& request) {
  if (!random_.one_in(3)) forward(request);
  return std::nullopt;
}

// Some web servers send an ETag with a page, too.
RawAnswer FaultProxy::portal(const ReceivedRequest& request) {
  base::HttpAnswer page;
  page.headers = {{"content-type", "text/html; charset=utf-8"}};
  page.body = base::to_bytes(kPortalPage);
  page.status = random_.one_in(3) ? 302 : 200;
  if (page.status == 302) page.headers.push_back({"location", "http://portal.invalid/"});
  if (random_.one_in(2)) page.headers.push_back({"etag", "\"5f3c-58\""});
  if (verb_of(request) == "HEAD") {
    page.headers.push_back({"content-length", std::to_string(page.body.size())});
    page.body.clear();
  }
  return serialized(request, page);
}

RawAnswer FaultProxy::cut(const ReceivedRequest& request) {
  const base::HttpAnswer whole = forward(request);
  const std::string body = base::to_text(whole.body);
  if (body.empty()) {
    const std::string head = head_of(whole);
    return {.bytes = head.substr(0, random_.below(head.size())), .closes = true};
  }
  const std::string part = body.substr(0, random_.below(body.size()));
  const std::string length = random_.one_in(2) ? length_line(request, whole) : "";
  return {.bytes = head_of(whole) + length + "\r\n" + part, .closes = true};
}

RawAnswer FaultProxy::swap_body(const ReceivedRequest& request) {
  base::HttpAnswer answer = forward(request);
  const std::string* const other = other_object(path_of(request));
  if (!is_good(answer) || other == nullptr) return serialized(request, answer);
  ByteRange range{.first = 0, .size = other->size()};
  const auto requested = request.headers.find("range");
  if (answer.status == 206 && requested != request.headers.end()) {
    range = range_of(requested->second, other->size());
  }
  if (range.size == 0) return serialized(request, answer);
  answer.body = base::to_bytes(std::string_view(*other).substr(range.first, range.size));
  for (base::HttpHeader& header : answer.headers) {
    if (header.name != "content-range") continue;
    header.value =
        fmt::format("bytes {}-{}/{}", range.first, range.first + range.size - 1, other->size());
  }
  return serialized(request, answer);
}

RawAnswer FaultProxy::flip_byte(const ReceivedRequest& request) {
  base::HttpAnswer answer = forward(request);
  if (is_good(answer) && !answer.body.empty()) {
    answer.body[random_.below(answer.body.size())] ^= std::byte{0x20};
  }
  return serialized(request, answer);
}

base::HttpAnswer FaultProxy::forward(const ReceivedRequest& request) {
  base::HttpCall call{.verb = http_verb(request),
                      .url = storage_url_ + path_of(request),
                      .max_body = kMaxForwarded};
  for (const auto& [name, value] : request.headers) {
    // libcurl sends these itself.
    if (!is_about_transfer(name) && name != "expect") call.headers.push_back(name + ": " + value);
  }
  if (call.verb == HttpVerb::kPut || call.verb == HttpVerb::kPost) {
    call.body = base::body_of(base::as_bytes(request.body));
  }
  base::HttpAnswer answer = storage_.perform(call);
  note_object(request, answer);
  return answer;
}

// Mostly of the same kind, which has the same form. Null: none is known.
const std::string* FaultProxy::other_object(const std::string& path) {
  const std::string directory = path.substr(0, path.rfind('/'));
  const auto own = objects_.find(path);
  std::vector<const std::string*> same;
  std::vector<const std::string*> all;
  for (const auto& [name, bytes] : objects_) {
    if (name == path || (own != objects_.end() && bytes == own->second)) continue;
    all.push_back(&bytes);
    if (name.starts_with(directory)) same.push_back(&bytes);
  }
  const bool is_same = !same.empty() && !random_.one_in(4);
  const std::vector<const std::string*>& choice = is_same ? same : all;
  return choice.empty() ? nullptr : choice[random_.below(choice.size())];
}

void FaultProxy::note_object(const ReceivedRequest& request, const base::HttpAnswer& answer) {
  if (is_object(request) && verb_of(request) == "PUT" && is_good(answer)) {
    objects_[path_of(request)] = request.body;
  }
}

}  // namespace servers
