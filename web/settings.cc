#include "web/settings.h"

#include <utility>

#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "base/config/config_schema.h"
#include "base/error.h"
#include "base/program/strict_json.h"
#include "base/terminal.h"
#include "schema/embedded.h"

namespace web {

namespace {

using nlohmann::json;

constexpr std::uint64_t kMaxSettings = 64U << 10U;  // bytes
constexpr std::size_t kMaxSettingsDepth = 4;

Instance instance_named(const std::string& word) {
  if (word == "proxy") return Instance::kProxy;
  return word == "staff" ? Instance::kStaff : Instance::kSelf;
}

void check_ways(const Settings& settings, const json& document) {
  if (settings.listen && !settings.socket.empty()) {
    base::fail(base::ErrorCode::kConfig, "/listen: leave it out, or leave out socket");
  }
  const bool has_header = document.contains("user_header");
  if (settings.instance == Instance::kSelf && has_header) {
    base::fail(base::ErrorCode::kConfig,
               "/user_header: leave it out: users of instance self log in with their passwords");
  }
  if (settings.instance != Instance::kSelf && !has_header) {
    base::fail(base::ErrorCode::kConfig,
               "/user_header: name the header in which the proxy sends the person, such as "
               "Remote-User");
  }
  // A header is believed only where nothing but the proxy can connect.
  if (settings.instance != Instance::kSelf && settings.listen) {
    base::fail(base::ErrorCode::kConfig,
               "/listen: every program on this machine could name any person: use socket");
  }
}

}  // namespace

std::string Settings::host() const {
  return url.substr(url.find("://") + 3);
}

Settings parse_settings(std::string_view text) {
  json document;
  const std::string why = base::parse_strictly(text, kMaxSettingsDepth, document);
  if (!why.empty()) base::fail(base::ErrorCode::kConfig, "{}", why);
  base::check_against_schema(document, schema::kWebSchema);
  Settings settings;
  settings.instance = instance_named(document.value("instance", "self"));
  settings.desk = document.at("desk").get<std::string>();
  settings.socket = document.value("socket", "");
  settings.user_header = document.value("user_header", "");
  if (document.contains("listen")) {
    const auto listen = document.at("listen").get<std::string>();
    settings.listen = base::parse_listen_address(listen);
    if (!settings.listen) {
      base::fail(base::ErrorCode::kConfig,
                 "/listen: \"{}\" is not a loopback address: write it as 127.0.0.1:8025; for other "
                 "machines, use socket and a proxy with TLS",
                 base::escape_for_terminal(listen));
    }
    settings.url = document.value("url", "http://" + listen);
  } else {
    settings.url = document.value("url", "");
    if (!settings.url.starts_with("https://")) {
      base::fail(base::ErrorCode::kConfig,
                 "/url: give the address of the page, such as https://restore.example.org");
    }
  }
  check_ways(settings, document);
  return settings;
}

Settings load_settings(base::FileSystem& files, const base::Path& file) {
  const auto bytes = base::read_file(files, file, kMaxSettings, base::Links::kFollow);
  const std::string name = base::escape_for_terminal(file.native());
  if (!bytes) {
    base::fail(base::ErrorCode::kConfig, "{}: there is no such file: see mailstow-web(8)", name);
  }
  try {
    return parse_settings(base::as_text(*bytes));
  } catch (const base::Error& error) {
    base::fail(base::ErrorCode::kConfig, "{}: {}", name, error.what());
  }
}

std::string_view word_of(Instance instance) {
  switch (instance) {
    case Instance::kSelf:
      return "self";
    case Instance::kProxy:
      return "proxy";
    case Instance::kStaff:
      return "staff";
  }
  return "";
}

}  // namespace web
