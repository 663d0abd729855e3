// Documents that are printed while they are made.
#include "restore/output.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json_text.h"

namespace restore {
namespace {

using nlohmann::ordered_json;

// The bytes that are printed so far, while stdout is captured in a file.
std::size_t printed() {
  struct stat status {};
  EXPECT_EQ(::fstat(STDOUT_FILENO, &status), 0);
  return static_cast<std::size_t>(status.st_size);
}

ordered_json number(std::size_t at) {
  return {{"number", at}, {"text", std::string(100, 'x')}};
}

TEST(DocumentStreamTest, KeepsAFewElementsInMemoryOnly) {
  constexpr std::size_t kCount = 10'000;
  constexpr std::size_t kKept = 100'000;  // bytes
  std::size_t made = 0;
  std::size_t most_kept = 0;
  const auto make = [&](std::size_t at) {
    ordered_json element = number(at);
    most_kept = std::max(most_kept, made - std::min(made, printed()));
    made += base::json_line(element).size();
    return element;
  };
  testing::internal::CaptureStdout();
  made = printed();
  {
    DocumentStream document({{"account", "alice"}}, "bursts");
    document.add({{"folder", "plain"}});
    document.add({{"folder", "empty"}}, "messages", 0, make);
    document.add({{"folder", "large"}}, "messages", kCount, make);
    for (std::size_t at = 0; at < kCount; ++at) document.add(make(at));
    document.end({{"next", nullptr}});
  }
  const ordered_json document = base::parse_json(testing::internal::GetCapturedStdout());

  ordered_json expected = {{"account", "alice"}, {"bursts", ordered_json::array()}};
  ordered_json& bursts = expected["bursts"];
  bursts.push_back({{"folder", "plain"}});
  bursts.push_back({{"folder", "empty"}, {"messages", ordered_json::array()}});
  bursts.push_back({{"folder", "large"}, {"messages", ordered_json::array()}});
  for (std::size_t at = 0; at < kCount; ++at) bursts.back()["messages"].push_back(number(at));
  for (std::size_t at = 0; at < kCount; ++at) bursts.push_back(number(at));
  expected["next"] = nullptr;
  EXPECT_TRUE(document == expected);
  EXPECT_LT(most_kept, kKept);
}

}  // namespace
}  // namespace restore
