#include "web/job_events.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/json_text.h"
#include "web/answer_headers.h"
#include "web/problem.h"

namespace web {

namespace {

using nlohmann::ordered_json;

constexpr std::chrono::milliseconds kSlice{250};
constexpr std::chrono::seconds kBetweenLooks{1};
// A comment shows that the client is still there, and keeps proxies from closing the connection.
constexpr std::chrono::seconds kBetweenSigns{15};
// Further streams make all of them slower, not the desk busier.
constexpr unsigned kStreamsPerLook = 40;

std::atomic<unsigned> open_streams{0};
std::atomic<bool> are_over{false};

std::string event(std::string_view name, const std::string& id, const ordered_json& document) {
  return fmt::format("event: {}\nid: {}\ndata: {}\n\n", name, id, base::json_line(document));
}

class JobEvents {
 public:
  JobEvents(const DeskClient& desk, ordered_json asked, std::string seen)
      : desk_(desk), asked_(std::move(asked)), seen_(std::move(seen)) {
    ++open_streams;
  }
  JobEvents(const JobEvents&) = delete;
  JobEvents& operator=(const JobEvents&) = delete;
  ~JobEvents() { --open_streams; }

  // The event for the job's state; empty if the client has seen it, or if the desk is busy, as
  // where many streams of a session look at the same time.
  std::string look() {
    ordered_json answer;
    try {
      answer = desk_.ask(asked_);
    } catch (const Problem& problem) {
      if (problem.kind() != ProblemKind::kBusy) throw;
      return {};
    }
    if (!answer.contains("job") || !answer.at("job").is_object()) {
      throw Problem(ProblemKind::kInternal);
    }
    const ordered_json& job = answer.at("job");
    has_ended_ = job.value("state", "") != "running";
    // The same state has the same id, also after this program was started again.
    const std::string id = fmt::format("{:016x}", std::hash<std::string>()(base::json_line(job)));
    if (id == seen_) return {};
    seen_ = id;
    return event(has_ended_ ? "end" : "job", id, job);
  }

  bool has_ended() const { return has_ended_; }

  // The next event or comment; empty at the end.
  std::string next() {
    auto last_sign = std::chrono::steady_clock::now();
    while (!has_ended_) {
      const auto pause = kBetweenLooks * (1 + open_streams.load() / kStreamsPerLook);
      const auto end = std::chrono::steady_clock::now() + pause;
      while (std::chrono::steady_clock::now() < end) {
        if (are_over) return {};
        std::this_thread::sleep_for(kSlice);
      }
      try {
        if (std::string news = look(); !news.empty()) return news;
      } catch (const Problem& problem) {
        has_ended_ = true;
        return event("problem", "", problem.to_json());
      }
      if (std::chrono::steady_clock::now() - last_sign > kBetweenSigns)
        return ": still running\n\n";
    }
    return {};
  }

 private:
  const DeskClient& desk_;
  ordered_json asked_;
  std::string seen_;  // the id of the last event
  bool has_ended_ = false;
};

}  // namespace

HttpAnswer job_events(const Visit& visit, const ordered_json& asked) {
  const auto events = std::make_shared<JobEvents>(
      visit.services.desk, asked, visit.request.header("Last-Event-ID").value_or(""));
  HttpAnswer answer;
  answer.body = events->look();
  if (events->has_ended() && answer.body.empty()) {
    answer.status = 204;  // a browser does not come again
  } else {
    answer.body = "retry: 2000\n\n" + answer.body;
    answer.headers = {{"Content-Type", "text/event-stream"}, {"X-Accel-Buffering", "no"}};
    answer.more = [events] { return events->next(); };
  }
  protect(answer, AnswerKind::kData);
  return answer;
}

void end_all_events() {
  are_over = true;
}

}  // namespace web
