#include "restore/selection_audit.h"

#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace restore {

namespace {

using Json = nlohmann::ordered_json;

class AuditedSelection {
 public:
  explicit AuditedSelection(const std::string& sha256) { document_["sha256"] = sha256; }

  void add(const char* field, bool value) {
    if (value) document_[field] = true;
  }

  void add(const char* field, const std::string& text) {
    if (text.empty()) return;
    if (fits(text)) {
      document_[field] = text;
    } else {
      left_out_[field] = 1;
    }
  }

  // The first ones, so that the list has no gaps.
  void add(const char* field, const std::vector<std::string>& texts) {
    if (texts.empty()) return;
    Json listed = Json::array();
    for (const std::string& text : texts) {
      if (!fits(text)) break;
      listed.push_back(text);
    }
    if (listed.size() < texts.size()) left_out_[field] = texts.size() - listed.size();
    document_[field] = std::move(listed);
  }

  Json finish() {
    if (!left_out_.empty()) document_["left_out"] = std::move(left_out_);
    return std::move(document_);
  }

 private:
  bool fits(const std::string& text) {
    constexpr std::size_t kPunctuation = 3;  // two quotes and a comma
    const std::size_t cost = text.size() + kPunctuation;
    if (cost > room_) return false;
    room_ -= cost;
    return true;
  }

  Json document_;
  Json left_out_ = Json::object();
  std::size_t room_ = kMaxAuditedText;
};

}  // namespace

nlohmann::ordered_json audit_details(const SelectionOptions& selection) {
  if (selection.file_sha256.empty()) return Json::object();
  AuditedSelection audited(selection.file_sha256);
  audited.add("at", selection.at);
  audited.add("all", selection.all);
  audited.add("since", selection.since);
  audited.add("before", selection.before);
  audited.add("query", selection.query);
  audited.add("missing", selection.missing);
  audited.add("subfolders", selection.subfolders);
  audited.add("folders", selection.exact_folders);
  audited.add("globs", selection.folders);
  audited.add("messages", selection.messages);
  return {{"selection", audited.finish()}};
}

}  // namespace restore
