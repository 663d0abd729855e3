// The audit log has all of a small selection document, and the beginning of a large one.
#include "restore/selection_audit.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "restore/selection_file.h"
#include "store/format/crypto.h"

namespace restore {
namespace {

using nlohmann::json;

json audited(const std::string& document) {
  return json(audit_details(parse_selection(document)))["selection"];
}

TEST(SelectionAuditTest, ASmallDocumentIsThereInFull) {
  const json document = {
      {"at", "yesterday"},     {"folders", {"--to=bob", "a\nb"}},  {"globs", {"Work/*"}},
      {"subfolders", true},    {"messages", {"0123456789abcdef"}}, {"query", "from:bob"},
      {"since", "2026-01-01"}, {"before", "2026-02-01"},           {"missing", true}};
  json expected = document;
  expected["sha256"] = store::sha256(base::as_bytes(document.dump())).hex();
  EXPECT_EQ(audited(document.dump()), expected);
}

TEST(SelectionAuditTest, ALargeOneIsCutAndCounted) {
  json folders = json::array();
  for (int number = 10'000; number < 20'000; ++number) {
    folders.push_back("folder " + std::to_string(number));
  }
  const json document = {{"query", std::string(kMaxAuditedText, 'x')}, {"folders", folders}};
  const json line = audited(document.dump());
  EXPECT_LT(line.dump().size(), kMaxAuditedText + 300);
  EXPECT_FALSE(line.contains("query"));
  EXPECT_EQ(line["left_out"]["query"], 1);
  const std::size_t listed = line["folders"].size();
  ASSERT_GT(listed, 100U);
  EXPECT_EQ(line["left_out"]["folders"], folders.size() - listed);
  for (std::size_t at = 0; at < listed; ++at) EXPECT_EQ(line["folders"][at], folders[at]);
  EXPECT_EQ(line["sha256"], store::sha256(base::as_bytes(document.dump())).hex());
}

TEST(SelectionAuditTest, ASelectionOnTheCommandLineIsThereAlready) {
  SelectionOptions selection;
  selection.folders = {"INBOX"};
  EXPECT_TRUE(audit_details(selection).empty());
}

}  // namespace
}  // namespace restore
