// The checks before a request is carried out: whether it was meant for this page, and whether this
// page sent it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "web/http.h"
#include "web/settings.h"

namespace web {

// The cookie's name: with the prefix, browsers take it only over TLS, for this host alone, and no
// other host below the same domain can set it.
std::string_view cookie_name(const Settings& settings);

// The session's token, 64 hexadecimal digits; nullopt if there is no cookie of this name, more than
// one, or not of this form.
std::optional<std::string> session_token(const HttpRequest& request, const Settings& settings);

bool is_token(std::string_view text);

// Values of Set-Cookie.
std::string session_cookie(const Settings& settings, std::string_view token);
std::string no_cookie(const Settings& settings);

// Fails with a Problem if the request names another host than the page's.
void refuse_other_host(const HttpRequest& request, const Settings& settings);

// Fails with a Problem unless a page of ours sent this change: the browser says so, the header
// X-Mailstow is there, which no form can send, and a body is JSON.
void refuse_other_site(const HttpRequest& request, const Settings& settings);

// The address of the person's machine. Fails with a Problem if the proxy does not name it.
std::string client_of(const HttpRequest& request, const Settings& settings);

// The person whom the proxy names; empty for users who log in with passwords. Fails with a Problem
// if it names none.
std::string person_of(const HttpRequest& request, const Settings& settings);

}  // namespace web
