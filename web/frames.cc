#include "web/frames.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/json_text.h"
#include "base/log.h"
#include "web/problem.h"

namespace web {

namespace {

using nlohmann::ordered_json;

constexpr std::uint64_t kMaxFrame = std::uint64_t{4} << 30U;  // bytes

[[noreturn]] void refuse_frame(const char* why) {
  base::log_error("frames of mail: {}", why);
  throw Problem(ProblemKind::kInternal);
}

}  // namespace

FrameReader::FrameReader(Source source, std::size_t max_head)
    : source_(std::move(source)), max_head_(max_head) {}

std::optional<ordered_json> FrameReader::next() {
  while (left_ > 0) read();
  std::size_t searched = 0;
  std::size_t end = 0;
  while ((end = received_.find('\n', searched)) == std::string::npos) {
    searched = received_.size();
    if (searched > max_head_) refuse_frame("a head is too long");
    const std::string more = source_();
    if (more.empty() && received_.empty()) return std::nullopt;
    if (more.empty()) refuse_frame("they end within a head");
    received_ += more;
  }
  if (end > max_head_) refuse_frame("a head is too long");
  ordered_json head = base::parse_json(std::string_view(received_).substr(0, end));
  received_.erase(0, end + 1);
  if (!head.is_object()) refuse_frame("a head is not JSON");
  if (head.contains("size")) {
    if (!head.at("size").is_number_unsigned()) refuse_frame("a size is not a number");
    left_ = head.at("size").get<std::uint64_t>();
    if (left_ > kMaxFrame) refuse_frame("a frame is too long");
  }
  return head;
}

std::string FrameReader::read() {
  if (left_ == 0) return {};
  if (received_.empty()) received_ = source_();
  if (received_.empty()) refuse_frame("they end within a message");
  std::string bytes;
  if (received_.size() <= left_) {
    bytes = std::exchange(received_, {});
  } else {
    bytes = received_.substr(0, static_cast<std::size_t>(left_));
    received_.erase(0, bytes.size());
  }
  left_ -= bytes.size();
  return bytes;
}

}  // namespace web
