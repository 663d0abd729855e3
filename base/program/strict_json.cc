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

// Looks for a reason to refuse the document, and stops at the first one. The parser's callbacks for
// a document that is built meanwhile take time by the square of a list's length.
class StrictReader {
 public:
  explicit StrictReader(std::size_t depth) : depth_(depth) {}

  bool null() { return true; }
  bool boolean(bool /*value*/) { return true; }
  bool number_integer(json::number_integer_t /*value*/) { return true; }
  bool number_unsigned(json::number_unsigned_t /*value*/) { return true; }
  bool number_float(json::number_float_t /*value*/, const std::string& /*text*/) { return true; }
  bool string(std::string& /*value*/) { return true; }
  bool binary(json::binary_t& /*value*/) { return true; }
  bool start_object(std::size_t /*size*/) { return enter(); }
  bool start_array(std::size_t /*size*/) { return enter(); }
  bool end_object() { return leave(); }
  bool end_array() { return leave(); }

  bool key(std::string& name) {
    if (keys_.back().insert(name).second) return true;
    why_ = fmt::format("/{}: it is given twice", escape_for_terminal(name));
    return false;
  }

  bool parse_error(std::size_t byte, const std::string& /*token*/,
                   const nlohmann::detail::exception& error) {
    constexpr int kOutOfRange = 406;
    why_ = error.id == kOutOfRange
               ? "not a JSON document: a number is too large"
               : fmt::format("not a JSON document: byte {} is not allowed there", byte);
    return false;
  }

  const std::string& why() const { return why_; }

 private:
  bool enter() {
    keys_.emplace_back();
    if (keys_.size() <= depth_) return true;
    why_ = fmt::format("it is nested deeper than {}", depth_);
    return false;
  }

  bool leave() {
    keys_.pop_back();
    return true;
  }

  std::size_t depth_;
  std::vector<std::set<std::string>> keys_;  // of the objects and lists that are open
  std::string why_;
};

}  // namespace

std::string parse_strictly(std::string_view text, std::size_t depth, json& document) {
  if (!is_utf8(text)) return "it is not UTF-8";
  StrictReader reader(depth);
  if (!json::sax_parse(text, &reader)) return reader.why();
  document = json::parse(text);
  return {};
}

}  // namespace base
