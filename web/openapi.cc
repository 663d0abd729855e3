#include "web/openapi.h"

#include <string>

#include <nlohmann/json.hpp>

#include "base/ascii.h"
#include "web/routes.h"

namespace web {

namespace {

using nlohmann::ordered_json;

ordered_json schema_of(ValueKind kind) {
  switch (kind) {
    case ValueKind::kText:
      return {{"type", "string"}};
    case ValueKind::kCount:
      return {{"type", "integer"}, {"minimum", 1}};
    case ValueKind::kSelection:
      return {{"type", "object"}};
  }
  return {};
}

std::string_view word_of_place(Place place) {
  if (place == Place::kPath) return "path";
  return place == Place::kHeader ? "header" : "query";
}

std::string media_type_of(Action action) {
  switch (action) {
    case Action::kEvents:
      return "text/event-stream";
    case Action::kView:
      return "text/html";
    case Action::kRaw:
    case Action::kPart:
      return "application/octet-stream";
    case Action::kExport:
      return "application/zip";
    default:
      return "application/json";
  }
}

ordered_json operation_of(const Route& route) {
  ordered_json operation = {
      {"summary", route.summary}, {"x-roles", route.roles}, {"parameters", ordered_json::array()}};
  if (!route.request.empty()) operation["x-desk-request"] = route.request;
  ordered_json body = {{"type", "object"},
                       {"additionalProperties", false},
                       {"properties", ordered_json::object()},
                       {"required", ordered_json::array()}};
  for (const Member& member : route.members) {
    if (member.name.empty()) break;
    if (member.place == Place::kBody) {
      body["properties"][std::string(member.name)] = schema_of(member.kind);
      if (member.is_required) body["required"].push_back(member.name);
    } else {
      operation["parameters"].push_back(
          {{"name", member.name},
           {"in", word_of_place(member.place)},
           {"required", member.place == Place::kPath || member.is_required},
           {"schema", schema_of(member.kind)}});
    }
  }
  if (!body["properties"].empty()) {
    operation["requestBody"]["content"]["application/json"]["schema"] = std::move(body);
  }
  ordered_json success = {{"description", "success"}};
  if (route.status != 204) {
    success["content"][media_type_of(route.action)] = ordered_json::object();
  }
  operation["responses"][std::to_string(route.status)] = std::move(success);
  operation["responses"]["default"] = {
      {"description", "a problem"},
      {"content", {{"application/problem+json", ordered_json::object()}}}};
  return operation;
}

}  // namespace

ordered_json openapi_document() {
  ordered_json document = {
      {"openapi", "3.1.0"},
      {"info",
       {{"title", "mailstow: the restore page"},
        {"version", kApiVersion},
        {"description",
         "Experimental: it may change until the page is finished. Every request but GET needs the "
         "header X-Mailstow: 1."}}},
      {"paths", ordered_json::object()}};
  for (const Route& route : routes()) {
    const std::string path =
        "/" + std::string(kApiRoot) + "/" + std::string(kApiVersion) + std::string(route.path);
    document["paths"][path][base::lowered(route.method)] = operation_of(route);
  }
  return document;
}

}  // namespace web
