#include "store/storage/s3_document.h"

#include <algorithm>
#include <array>
#include <sstream>
#include <string_view>

#include <pugixml.hpp>

#include "base/time_text.h"

namespace store {

namespace {

// The root element of that name. pugixml expands no entities but the five of XML itself, and reads
// no DTD. Prefixes of namespaces are not expected: no server uses any here.
std::optional<pugi::xml_node> load_document(pugi::xml_document& document, base::ByteView body,
                                            const char* root) {
  if (body.size() > kMaxS3Document) return std::nullopt;
  const pugi::xml_parse_result result =
      document.load_buffer(body.data(), body.size(), pugi::parse_default, pugi::encoding_utf8);
  const pugi::xml_node node = document.document_element();
  if (!result || std::string_view(node.name()) != root) return std::nullopt;
  return node;
}

pugi::xml_node append_root(pugi::xml_document& document, const char* name) {
  pugi::xml_node root = document.append_child(name);
  root.append_attribute("xmlns").set_value("http://s3.amazonaws.com/doc/2006-03-01/");
  return root;
}

void append_text(pugi::xml_node parent, const char* name, const std::string& text) {
  parent.append_child(name).text().set(text.c_str());
}

std::string document_text(const pugi::xml_document& document) {
  std::ostringstream text;
  document.save(text, "", pugi::format_raw);
  return text.str();
}

std::string child_text(const pugi::xml_node& node, const char* child) {
  return node.child_value(child);
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

std::string percent_decoded(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    const int high = text[at] == '%' && at + 2 < text.size() ? hex_digit(text[at + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[at + 2]) : -1;
    if (low < 0) {
      plain += text[at] == '+' ? ' ' : text[at];
      continue;
    }
    plain += static_cast<char>(high * 16 + low);
    at += 2;
  }
  return plain;
}

// Objects of these classes can't be read at once.
constexpr std::array<std::string_view, 2> kArchiveClasses{"GLACIER", "DEEP_ARCHIVE"};

std::string rule_prefix(const pugi::xml_node& rule) {
  const pugi::xml_node filter = rule.child("Filter");
  for (const pugi::xml_node& place : {filter.child("And"), filter, rule}) {
    if (place.child("Prefix")) return child_text(place, "Prefix");
  }
  return "";
}

bool expires_objects(const pugi::xml_node& rule) {
  const pugi::xml_node expiration = rule.child("Expiration");
  return expiration.child("Days") || expiration.child("Date");
}

bool archives_objects(const pugi::xml_node& rule) {
  const auto transitions = rule.children("Transition");
  return std::any_of(transitions.begin(), transitions.end(), [](const pugi::xml_node& transition) {
    return std::ranges::find(kArchiveClasses, child_text(transition, "StorageClass")) !=
           kArchiveClasses.end();
  });
}

}  // namespace

std::optional<S3ErrorDocument> parse_s3_error(base::ByteView body) {
  pugi::xml_document document;
  const auto root = load_document(document, body, "Error");
  if (!root) return std::nullopt;
  return S3ErrorDocument{.code = child_text(*root, "Code"),
                         .message = child_text(*root, "Message"),
                         .region = child_text(*root, "Region"),
                         .endpoint = child_text(*root, "Endpoint")};
}

std::optional<S3ListingPage> parse_s3_listing(base::ByteView body) {
  pugi::xml_document document;
  const auto root = load_document(document, body, "ListBucketResult");
  if (!root) return std::nullopt;
  // Requested, so that keys of others can't contain what XML does not allow; not always done.
  const bool is_encoded = child_text(*root, "EncodingType") == "url";
  S3ListingPage page;
  for (const pugi::xml_node& object : root->children("Contents")) {
    const std::string key = child_text(object, "Key");
    page.keys.push_back(is_encoded ? percent_decoded(key) : key);
  }
  page.is_truncated = child_text(*root, "IsTruncated") == "true";
  page.next_token = child_text(*root, "NextContinuationToken");
  // Not all that encode keys encode it.
  if (const std::string prefix = child_text(*root, "Prefix"); !prefix.empty()) {
    page.prefixes = {prefix, percent_decoded(prefix)};
  }
  return page;
}

std::string s3_deletion_request(std::span<const std::string> keys) {
  pugi::xml_document document;
  pugi::xml_node root = append_root(document, "Delete");
  for (const std::string& key : keys) append_text(root.append_child("Object"), "Key", key);
  return document_text(document);
}

std::string s3_version_deletion_request(const std::string& key, const std::string& version) {
  pugi::xml_document document;
  const pugi::xml_node object = append_root(document, "Delete").append_child("Object");
  append_text(object, "Key", key);
  append_text(object, "VersionId", version);
  return document_text(document);
}

std::string s3_retention(const std::string& mode, std::chrono::sys_seconds until) {
  pugi::xml_document document;
  const pugi::xml_node root = append_root(document, "Retention");
  append_text(root, "Mode", mode);
  append_text(root, "RetainUntilDate", base::format_rfc3339(until));
  return document_text(document);
}

std::optional<S3VersionPage> parse_s3_versions(base::ByteView body) {
  pugi::xml_document document;
  const auto root = load_document(document, body, "ListVersionsResult");
  if (!root) return std::nullopt;
  const bool is_encoded = child_text(*root, "EncodingType") == "url";
  const auto decoded = [&](const std::string& key) {
    return is_encoded ? percent_decoded(key) : key;
  };
  S3VersionPage page;
  for (const pugi::xml_node& entry : root->children()) {
    const bool is_marker = std::string_view(entry.name()) == "DeleteMarker";
    if (!is_marker && std::string_view(entry.name()) != "Version") continue;
    page.versions.push_back({.key = decoded(child_text(entry, "Key")),
                             .id = child_text(entry, "VersionId"),
                             .etag = child_text(entry, "ETag"),
                             .is_marker = is_marker,
                             .is_newest = child_text(entry, "IsLatest") == "true"});
  }
  page.is_truncated = child_text(*root, "IsTruncated") == "true";
  page.next_key = decoded(child_text(*root, "NextKeyMarker"));
  page.next_id = child_text(*root, "NextVersionIdMarker");
  return page;
}

std::optional<S3DeletionResult> parse_s3_deletion(base::ByteView body) {
  pugi::xml_document document;
  const auto root = load_document(document, body, "DeleteResult");
  if (!root) return std::nullopt;
  S3DeletionResult result;
  for (const pugi::xml_node& object : root->children("Deleted")) {
    result.deleted.push_back(child_text(object, "Key"));
  }
  for (const pugi::xml_node& object : root->children("Error")) {
    result.failures.push_back({.key = child_text(object, "Key"),
                               .code = child_text(object, "Code"),
                               .message = child_text(object, "Message")});
  }
  return result;
}

std::optional<BucketVersions> parse_s3_versioning(base::ByteView body) {
  pugi::xml_document document;
  const auto root = load_document(document, body, "VersioningConfiguration");
  if (!root) return std::nullopt;
  const std::string status = child_text(*root, "Status");
  if (status.empty()) return BucketVersions::kNotKept;
  if (status == "Enabled") return BucketVersions::kKept;
  return status == "Suspended" ? BucketVersions::kNoLongerKept : BucketVersions::kUnknown;
}

std::optional<std::vector<LifecycleRule>> parse_s3_lifecycle(base::ByteView body) {
  using Action = LifecycleRule::Action;
  pugi::xml_document document;
  const auto root = load_document(document, body, "LifecycleConfiguration");
  if (!root) return std::nullopt;
  std::vector<LifecycleRule> rules;
  for (const pugi::xml_node& rule : root->children("Rule")) {
    if (child_text(rule, "Status") != "Enabled") continue;
    const bool expires = expires_objects(rule);
    if (!expires && !archives_objects(rule)) continue;
    rules.push_back({.id = child_text(rule, "ID"),
                     .prefix = rule_prefix(rule),
                     .action = expires ? Action::kExpires : Action::kArchives});
  }
  return rules;
}

std::optional<std::string> parse_s3_default_retention(base::ByteView body) {
  pugi::xml_document document;
  const auto root = load_document(document, body, "ObjectLockConfiguration");
  if (!root) return std::nullopt;
  const pugi::xml_node retention = root->child("Rule").child("DefaultRetention");
  if (!retention) return "";
  const std::string days = child_text(retention, "Days");
  const std::string years = child_text(retention, "Years");
  return child_text(retention, "Mode") + ", " + (days.empty() ? years + " years" : days + " days");
}

}  // namespace store
