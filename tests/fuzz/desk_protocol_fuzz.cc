// Any bytes as a request to the restore desk, on each of its sockets: refused, or each field has
// the form that the code relies on.
#include <string_view>

#include "restore/desk/request.h"
#include "tests/fuzz/fuzzer.h"

namespace {

using fuzz::require;

void parse_at(desk::Door door, std::string_view line) {
  try {
    const desk::Request request = desk::parse_request(line, door);
    const desk::RequestRule& rule = desk::rule_of(request.kind);
    require(desk::is_of_form(desk::Form::kAddress, request.client));
    require(request.session.empty() == (request.kind == desk::RequestKind::kLogin));
    require(request.account.empty() || door == desk::Door::kStaff);
    require(request.password.empty() || door == desk::Door::kSelf);
    require(!desk::network_of(request.client).empty());
    std::size_t known = 0;
    for (const desk::FieldRule& field : rule.fields) {
      if (field.name.empty()) continue;
      const auto text = request.texts.find(field.name);
      const auto number = request.numbers.find(field.name);
      if (text != request.texts.end()) {
        require(desk::is_of_form(field.form, text->second));
        ++known;
      } else if (number != request.numbers.end()) {
        require(number->second >= 1 && number->second <= 1'000);
        ++known;
      } else {
        require(!field.is_required);
      }
    }
    require(known == request.texts.size() + request.numbers.size());
  } catch (const desk::NoRequest& why) {
    require(std::string_view(why.what()).find('\n') == std::string_view::npos);
  }
}

}  // namespace

MAILSTOW_FUZZER(desk_protocol_fuzz) {
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  for (const auto door : {desk::Door::kSelf, desk::Door::kProxy, desk::Door::kStaff}) {
    parse_at(door, line);
  }
  return 0;
}
