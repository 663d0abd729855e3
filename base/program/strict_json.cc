#include "base/program/strict_json.h"

#include <set>
#include <vector>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/terminal.h"
#include "base/utf8.h"

namespace base {

namespace {

using nlohmann::json;

// Builds the document; stops at the first reason to refuse it.
class StrictReader {
 public:
  explicit StrictReader(std::size_t depth) : depth_(depth) {}

  bool note(json::parse_event_t event, const json& parsed) {
    using Event = json::parse_event_t;
    switch (event) {
      case Event::object_start:
      case Event::array_start:
        keys_.emplace_back();
        if (keys_.size() > depth_) why_ = fmt::format("it is nested deeper than {}", depth_);
        break;
      case Event::object_end:
      case Event::array_end:
        keys_.pop_back();
        break;
      case Event::key:
        if (!keys_.back().insert(parsed.get_ref<const std::string&>()).second) {
          why_ = fmt::format("/{}: it is given twice",
                             escape_for_terminal(parsed.get_ref<const std::string&>()));
        }
        break;
      case Event::value:
        break;
    }
    if (!why_.empty()) throw Refused();
    return true;
  }

  struct Refused {};
  const std::string& why() const { return why_; }

 private:
  std::size_t depth_;
  std::vector<std::set<std::string>> keys_;  // of the objects and lists that are open
  std::string why_;
};

}  // namespace

std::string parse_strictly(std::string_view text, std::size_t depth, json& document) {
  if (!is_utf8(text)) return "it is not UTF-8";
  StrictReader reader(depth);
  try {
    document = json::parse(text, [&](int /*depth*/, json::parse_event_t event, const json& parsed) {
      return reader.note(event, parsed);
    });
    return {};
  } catch (const StrictReader::Refused&) {
    return reader.why();
  } catch (const json::parse_error& error) {
    return fmt::format("not a JSON document: byte {} is not allowed there", error.byte);
  } catch (const json::exception&) {
    return "not a JSON document: a number is too large";
  }
}

}  // namespace base
