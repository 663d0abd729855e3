#include "tests/restore/model_server.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <stdexcept>

#include <fmt/core.h>

#include "base/bytes.h"
#include "base/error.h"
#include "imap/internal_date.h"
#include "imap/transport.h"

namespace restore {

namespace {

std::string quoted_name(std::string_view name) {
  std::string text = "\"";
  for (const char byte : name) {
    if (byte == '"' || byte == '\\') text += '\\';
    text += byte;
  }
  return text + '"';
}

// Takes the next word, quoted string or literal off the front.
std::string take_argument(std::string& line) {
  line.erase(0, line.find_first_not_of(' '));
  std::string argument;
  if (line.starts_with('"')) {
    std::size_t at = 1;
    for (; at < line.size() && line[at] != '"'; ++at) {
      if (line[at] == '\\') ++at;
      argument += line[at];
    }
    line.erase(0, at + 1);
    return argument;
  }
  const std::size_t end = std::min(line.find(' '), line.size());
  argument = line.substr(0, end);
  line.erase(0, end);
  return argument;
}

class ModelConnection : public imap::Transport {
 public:
  explicit ModelConnection(ModelServer& server) : server_(server) {}

  std::size_t send(base::ByteView bytes) override {
    fail_if_lost();
    heard_ += base::as_text(bytes);
    for (std::size_t end = heard_.find("\r\n"); end != std::string::npos;
         end = heard_.find("\r\n")) {
      const std::size_t brace = heard_.rfind('{', end);
      if (end > 2 && heard_[end - 1] == '}') {
        const std::size_t size = std::stoul(heard_.substr(brace + 1));
        const bool waits = heard_[end - 2] != '+';
        if (waits && heard_.size() == end + 2) to_say_ += "+ go ahead\r\n";
        if (heard_.size() < end + 2 + size + 2) break;
        literals_.push_back(heard_.substr(end + 2, size));
        heard_.erase(brace, end + 2 - brace + size);
        continue;
      }
      const std::string line = heard_.substr(0, end);
      heard_.erase(0, end + 2);
      answer(line);
      if (is_lost_) break;
    }
    return bytes.size();
  }

  std::size_t receive(std::span<std::byte> buffer) override {
    if (is_lost_ && server_.breaks_with_rubbish) {
      constexpr std::string_view kRubbish = "rubbish\r\n";
      const std::size_t length = std::min(buffer.size(), kRubbish.size());
      std::memcpy(buffer.data(), kRubbish.data(), length);
      return length;
    }
    fail_if_lost();
    const std::size_t length = std::min(buffer.size(), to_say_.size());
    std::memcpy(buffer.data(), to_say_.data(), length);
    to_say_.erase(0, length);
    return length;
  }

  bool wait(bool to_send, std::chrono::milliseconds /*timeout*/) override {
    if (!to_send && to_say_.empty() && !is_lost_)
      throw std::logic_error("the client waits for nothing");
    return true;
  }

 private:
  void fail_if_lost() const {
    if (is_lost_) base::fail(base::ErrorCode::kNetwork, "the server closed the connection");
  }

  void answer(std::string line) {
    const std::string tag = take_argument(line);
    std::string verb = take_argument(line);
    if (verb == "UID") verb += " " + take_argument(line);
    const std::string result = carry_out(verb, line);
    literals_.clear();
    to_say_ += tag + " " + result + "\r\n";
  }

  std::string carry_out(const std::string& verb, std::string& line) {
    server_.heard.insert(verb);
    if (verb == "CAPABILITY") return capability();
    if (verb == "NAMESPACE") return say("* NAMESPACE ((\"\" \"/\")) NIL NIL");
    if (verb == "LOGOUT") return say("* BYE until next time");
    // STATUS for MAILBOXID comes in one flight with the STATUS before it: one look at the folder.
    const bool is_same_look = line.ends_with("(MAILBOXID)");
    if (server_.meanwhile && !is_same_look) server_.meanwhile(verb);
    if (verb.starts_with("UID ")) return on_messages(verb, line);
    std::string name = take_argument(line);
    if (verb == "LIST") name = take_argument(line);
    if (server_.refused.contains({verb, name})) return "NO [NOPERM] you may not";
    if (verb == "LIST") return list(name);
    if (verb == "UNSUBSCRIBE") return "OK done";
    const auto found = server_.folders.find(name);
    if (found == server_.folders.end()) return "NO [NONEXISTENT] no such folder";
    if (verb == "DELETE") return remove(found);
    if (!found->second.can_be_opened) return "NO it holds no messages";
    if (verb == "STATUS") return status(*found, line);
    if (verb == "GETQUOTAROOT") return tell_quota();
    if (verb == "APPEND") return append(found->second, line);
    if (verb == "SELECT" || verb == "EXAMINE") return open(*found, verb == "SELECT");
    throw std::logic_error("the model knows no " + verb);
  }

  std::string capability() {
    std::string names;
    for (const char* name : {"IMAP4rev1", "NAMESPACE", "UIDPLUS", "LITERAL+", "OBJECTID"}) {
      if (name != server_.without) names += std::string(" ") + name;
    }
    if (!server_.also.empty()) names += " " + server_.also;
    return say("* CAPABILITY" + names + (server_.quota ? " QUOTA" : ""));
  }

  std::string tell_quota() {
    for (const std::string& line : server_.quota()) say("* " + line);
    return "OK done";
  }

  std::string append(ModelFolder& folder, std::string line) {
    const bool breaks = !server_.breaks_over.empty() &&
                        std::ranges::any_of(literals_, [&](const std::string& message) {
                          return message.find(server_.breaks_over) != std::string::npos;
                        });
    is_lost_ = breaks;
    if (breaks && !server_.stores_before_it_breaks) return "NO it is not heard";
    const std::uint32_t first = folder.uid_next;
    for (const std::string& message : literals_) {
      const std::size_t begin = std::min(line.find('('), line.size());
      const std::size_t end = std::min(line.find(')', begin), line.size());
      std::string flags = line.substr(begin, end - begin);
      if (!flags.empty()) flags.erase(0, 1);
      line.erase(0, end + 1);
      folder.put({message.size(), {}, false, message, flags});
    }
    const std::uint32_t end = folder.uid_next;
    if (!is_lost_ && server_.before_append_answer) server_.before_append_answer();
    return fmt::format("OK [APPENDUID {} {}:{}] taken", folder.uid_validity, first, end - 1);
  }

  std::string say(const std::string& line) {
    to_say_ += line + "\r\n";
    return "OK done";
  }

  std::string list(const std::string& pattern) {
    if (server_.lists_anything) return say("* LIST () \"/\" " + quoted_name(pattern));
    for (const auto& [name, folder] : server_.folders) {
      const bool all_below = pattern.ends_with('*');
      const std::string start = pattern.substr(0, pattern.size() - 1);
      if (all_below ? !name.starts_with(start) : name != pattern) continue;
      say(fmt::format("* LIST ({}) \"/\" {}", folder.can_be_opened ? "" : "\\Noselect",
                      quoted_name(name)));
    }
    return "OK done";
  }

  std::string remove(ModelFolders::iterator found) {
    if (found->first == open_name_) throw std::logic_error("DELETE from within the folder");
    server_.removals.push_back({"DELETE", found->first, {}, {}, found->second.messages.size()});
    const bool has_below =
        std::any_of(server_.folders.begin(), server_.folders.end(),
                    [&](const auto& other) { return other.first.starts_with(found->first + "/"); });
    if (has_below) {
      found->second = {.can_be_opened = false, .mailbox_id = {}, .messages = {}};
    } else {
      server_.folders.erase(found);
    }
    return "OK done";
  }

  std::string status(const ModelFolders::value_type& entry, const std::string& items) {
    const auto& [name, folder] = entry;
    if (items.find("MAILBOXID") != std::string::npos) {
      if (folder.mailbox_id.empty()) return "OK nothing to tell";
      return say(fmt::format("* STATUS {} (MAILBOXID ({}))", quoted_name(name), folder.mailbox_id));
    }
    return say(fmt::format("* STATUS {} (MESSAGES {} UIDNEXT {} UIDVALIDITY {})", quoted_name(name),
                           folder.messages.size(), folder.uid_next, folder.uid_validity));
  }

  std::string open(const ModelFolders::value_type& entry, bool to_write) {
    const auto& [name, folder] = entry;
    open_name_ = name;
    may_write_ = to_write;
    say(fmt::format("* {} EXISTS", folder.messages.size()));
    say(fmt::format("* OK [UIDVALIDITY {}] it", folder.uid_validity));
    say(fmt::format("* OK [UIDNEXT {}] next", folder.uid_next));
    if (!server_.permanent_flags.empty()) {
      say(fmt::format("* OK [PERMANENTFLAGS ({})] these", server_.permanent_flags));
    }
    if (!folder.mailbox_id.empty()) say(fmt::format("* OK [MAILBOXID ({})] it", folder.mailbox_id));
    return "OK open";
  }

  std::string search(const ModelFolder& folder) {
    std::string uids;
    for (const auto& [uid, message] : folder.messages) uids += " " + std::to_string(uid.value);
    return say("* SEARCH" + uids);
  }

  std::string on_messages(const std::string& verb, std::string& line) {
    const auto found = server_.folders.find(open_name_);
    if (verb == "UID SEARCH" && found != server_.folders.end()) return search(found->second);
    const auto uids = imap::UidSet::parse(take_argument(line));
    if (!uids || found == server_.folders.end()) return "BAD nothing is open";
    if (server_.refused.contains({verb, open_name_})) return "NO [NOPERM] you may not";
    if (verb != "UID FETCH" && !may_write_) return "NO it is open for reading";
    auto& messages = found->second.messages;
    unsigned number = 0;
    for (auto message = messages.begin(); message != messages.end();) {
      ++number;
      const auto current = message++;
      auto& [uid, content] = *current;
      if (!uids->contains(uid)) continue;
      if (verb == "UID FETCH") {
        std::string body;
        if (!content.bytes.empty() && line.find("BODY.PEEK[]") != std::string::npos) {
          const bool breaks = !server_.breaks_serving.empty() &&
                              content.bytes.find(server_.breaks_serving) != std::string::npos;
          is_lost_ = is_lost_ || breaks;
          body = fmt::format(" FLAGS ({}) BODY[] {{{}}}\r\n{}", content.flags, content.bytes.size(),
                             content.bytes);
        }
        say(fmt::format("* {} FETCH (UID {} INTERNALDATE \"{}\" RFC822.SIZE {}{})", number,
                        uid.value, imap::format_internal_date({content.internal_date, {}}),
                        content.size, body));
        continue;
      }
      if (verb == "UID EXPUNGE" && !content.is_deleted) continue;
      server_.removals.push_back({verb, open_name_, uid, content, 0});
      if (verb == "UID STORE") {
        content.is_deleted = true;
      } else {
        say(fmt::format("* {} EXPUNGE", number--));
        messages.erase(current);
      }
    }
    return "OK done";
  }

  ModelServer& server_;
  std::string heard_;
  std::vector<std::string> literals_;  // of the command that is heard
  std::string to_say_;
  std::string open_name_;
  bool may_write_ = false;
  bool is_lost_ = false;
};

}  // namespace

base::Uid ModelFolder::put(ModelMessage message) {
  const base::Uid uid{uid_next++};
  messages.emplace(uid, message);
  return uid;
}

imap::Session ModelServer::session() {
  return {std::make_unique<ModelConnection>(*this), {}};
}

}  // namespace restore
