#include "base/config/config_schema.h"

// The validator's headers do not compile without warnings under our flags.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wold-style-cast"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>
#pragma GCC diagnostic pop

#include <functional>
#include <iterator>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/config/login_config.h"
#include "base/error.h"
#include "base/nearest.h"
#include "base/terminal.h"
#include "schema/embedded.h"

namespace base {

namespace {

using nlohmann::json;

const json& follow_reference(const json& root, const json& schema) {
  if (!schema.contains("$ref")) return schema;
  const auto reference = schema.at("$ref").get<std::string>();
  return root.at(json::json_pointer(reference.substr(1)));  // all of ours begin with "#/"
}

std::string child(const std::string& pointer, const std::string& key) {
  return pointer + "/" + key;
}

// The validator only reports that a key is not allowed; users want to know which one was meant.
void refuse_unknown_keys(const json& root, const json& given_schema, const json& value,
                         const std::string& pointer) {
  const json& schema = follow_reference(root, given_schema);
  if (value.is_array() && schema.contains("items")) {
    for (std::size_t at = 0; at < value.size(); ++at) {
      refuse_unknown_keys(root, schema.at("items"), value.at(at),
                          child(pointer, std::to_string(at)));
    }
  }
  if (!value.is_object() || !schema.contains("additionalProperties")) return;
  static const json nothing = json::object();
  const json& known = schema.contains("properties") ? schema.at("properties") : nothing;
  const json& others = schema.at("additionalProperties");
  for (const auto& [key, below] : value.items()) {
    if (known.contains(key)) {
      refuse_unknown_keys(root, known.at(key), below, child(pointer, key));
    } else if (others.is_object()) {
      refuse_unknown_keys(root, others, below, child(pointer, key));
    } else {
      std::vector<std::string> names;
      for (const auto& [name, unused] : known.items()) names.push_back(name);
      fail(ErrorCode::kConfig, "{}: unknown key{}", escape_for_terminal(child(pointer, key)),
           suggestion(key, names));
    }
  }
}

void check_logins(const json& document) {
  for (const auto& [name, server] : document.at("servers").items()) {
    const std::string pointer = child("/servers", name);
    for (const char* key : {"admin", "quota_admin"}) {
      if (!server.contains(key)) continue;
      check_login(server.at(key), child(pointer, key), Necessity::kRequired);
    }
    if (server.contains("client_certificate")) {
      check_login(server.at("client_certificate"), child(pointer, "client_certificate"),
                  Necessity::kOptional);
    }
  }
  if (document.contains("mail") && document.at("mail").is_object() &&
      document.at("mail").contains("login")) {
    check_login(document.at("mail").at("login"), "/mail/login", Necessity::kRequired);
  }
  const json accounts = document.value("accounts", json::array());
  for (std::size_t at = 0; at < accounts.size(); ++at) {
    check_login(accounts.at(at), child("/accounts", std::to_string(at)), Necessity::kOptional);
  }
}

std::string pointer_to(const valijson::ValidationResults::Error& error) {
  std::string pointer;
  for (const std::string& step : error.context) {
    // "<root>", then ["store"] or [0]
    if (step.size() < 2 || step.front() != '[') continue;
    std::string key = step.substr(1, step.size() - 2);
    if (key.size() >= 2 && key.front() == '"') key = key.substr(1, key.size() - 2);
    pointer = child(pointer, key);
  }
  return pointer.empty() ? "/" : pointer;
}

using Keys = std::set<std::string, std::less<>>;

void gather_keys(const json& document, Keys& keys) {
  for (const auto& [key, below] : document.items()) {
    if (document.is_object()) keys.insert(key);
    if (below.is_structured()) gather_keys(below, keys);
  }
}

// The validator prepares every property that the schema describes, most of which a document does
// not use.
void drop_unused(json& schema, const Keys& used) {
  if (!schema.contains("properties")) return;
  json& properties = schema.at("properties");
  for (auto at = properties.begin(); at != properties.end();) {
    at = used.contains(at.key()) ? std::next(at) : properties.erase(at);
  }
}

void validate(const json& document, json definition) {
  Keys used;
  gather_keys(document, used);
  drop_unused(definition, used);
  if (definition.contains("definitions")) {
    for (json& each : definition.at("definitions")) drop_unused(each, used);
  }
  valijson::Schema schema;
  valijson::SchemaParser parser;
  const valijson::adapters::NlohmannJsonAdapter definition_adapter(definition);
  parser.populateSchema(definition_adapter, schema);
  valijson::Validator validator;
  valijson::ValidationResults results;
  const valijson::adapters::NlohmannJsonAdapter document_adapter(document);
  if (validator.validate(schema, document_adapter, &results)) return;

  // The validator adds an error for every level on the way out; the deepest is the cause.
  valijson::ValidationResults::Error error;
  valijson::ValidationResults::Error deepest;
  while (results.popError(error)) {
    if (error.context.size() > deepest.context.size()) deepest = error;
  }
  fail(ErrorCode::kConfig, "{}: {}", escape_for_terminal(pointer_to(deepest)),
       escape_for_terminal(deepest.description));
}

}  // namespace

void check_against_schema(const json& document) {
  json definition = json::parse(schema::kConfigSchema);
  refuse_unknown_keys(definition, definition, document, "");
  if (document.is_object() && document.contains("servers") && document.at("servers").is_object()) {
    check_logins(document);
  }
  validate(document, std::move(definition));
}

void check_against_schema(const json& document, std::string_view schema_text) {
  json definition = json::parse(schema_text);
  refuse_unknown_keys(definition, definition, document, "");
  validate(document, std::move(definition));
}

}  // namespace base
