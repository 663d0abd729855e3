#include "tests/backupd/pass/odd_server.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "base/ascii.h"
#include "base/error.h"
#include "imap/folder.h"
#include "imap/uid_set.h"

namespace backupd {

namespace {

bool is_plain(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char letter) {
    return letter > 0x20 && letter < 0x7F && letter != '"' && letter != '\\' && letter != '(' &&
           letter != ')' && letter != '{' && letter != '%' && letter != '*';
  });
}

std::string as_sent(std::string_view name) {
  return is_plain(name) ? std::string(name) : literal(name);
}

// Returns the string at the beginning of `text`, quoted or a literal, and removes it from `text`.
std::string take_string(std::string_view& text) {
  std::string value;
  if (text.starts_with('"')) {
    std::size_t at = 1;
    for (; at < text.size() && text[at] != '"'; ++at) {
      if (text[at] == '\\') ++at;
      value += text[at];
    }
    text.remove_prefix(std::min(at + 1, text.size()));
  } else if (text.starts_with('{')) {
    const std::size_t size = std::stoul(std::string(text.substr(1)));
    const std::size_t at = text.find('\n') + 1;
    value = text.substr(at, size);
    text.remove_prefix(at + size);
  } else {
    value = text.substr(0, text.find(' '));
    text.remove_prefix(value.size());
  }
  if (text.starts_with(' ')) text.remove_prefix(1);
  return value;
}

}  // namespace

std::string literal(std::string_view bytes) {
  return "{" + std::to_string(bytes.size()) + "}\r\n" + std::string(bytes);
}

OddMessage& OddFolder::message(std::uint32_t uid, std::string body) {
  messages.push_back({uid, std::move(body)});
  return messages.back();
}

class OddServer::Connection : public imap::Transport {
 public:
  Connection(OddServer& server, int number) : server_(server), number_(number) {}

  std::size_t send(base::ByteView bytes) override {
    if (server_.drops_early_commands && !output_.empty()) return bytes.size();
    input_ += base::as_text(bytes);
    while (!is_closed_ && take_command()) {
      if (server_.drops_early_commands) input_.clear();
    }
    return bytes.size();
  }

  std::size_t receive(std::span<std::byte> buffer) override {
    if (output_.empty() && is_closed_) {
      base::fail(base::ErrorCode::kNetwork, "the connection is lost: try again");
    }
    if (output_.empty() && afterwards_ == Afterwards::kFlood) {
      pass_time(server_.flood_interval);
      while (output_.size() < buffer.size()) output_ += server_.drip;
    }
    if (server_.pauses && std::exchange(has_sent_, !has_sent_)) return 0;
    const std::size_t length = std::min({buffer.size(), output_.size(), server_.max_piece});
    std::copy_n(base::as_bytes(output_).begin(), length, buffer.begin());
    output_.erase(0, length);
    return length;
  }

  bool wait(bool to_send, std::chrono::milliseconds timeout) override {
    if (to_send || is_closed_ || !output_.empty()) return true;
    const bool drips = afterwards_ == Afterwards::kDrip && server_.drip_interval < timeout;
    pass_time(drips ? server_.drip_interval : timeout);
    if (drips) output_ += server_.drip;
    return drips;
  }

 private:
  // Reads a command, including its literals. Returns false if it has not arrived completely.
  bool take_command() {
    std::size_t end = 0;
    for (;;) {
      const std::size_t line = input_.find("\r\n", end);
      if (line == std::string::npos) return false;
      end = line + 2;
      if (input_[line - 1] != '}') break;
      const std::size_t open = input_.rfind('{', line);
      end += std::stoul(input_.substr(open + 1));
      const bool waits = input_[line - 2] != '+';
      if (input_.size() < end) {
        if (waits && line > asked_) say("+ ready");
        asked_ = std::max(asked_, line);
        return false;
      }
    }
    const std::string command = input_.substr(0, end - 2);
    input_.erase(0, end);
    asked_ = 0;
    const std::size_t space = command.find(' ');
    answer(command.substr(0, space), command.substr(space + 1));
    return true;
  }

  void say(std::string_view text) { output_.append(text).append("\r\n"); }

  void pass_time(std::chrono::milliseconds time) {
    if (server_.clock_.ahead() > kMaxWait) {
      base::fail(base::ErrorCode::kInternal, "the client waits without end");
    }
    server_.clock_.set_ahead(server_.clock_.ahead() + time);
  }

  void answer(const std::string& tag, const std::string& command) {
    server_.heard_.push_back(command);
    server_.speakers_.push_back(number_);
    if (is_silent_ || is_closed_) return;
    const std::size_t begin = output_.size();
    is_early_ = begin > 0;
    respond(tag, command);
    if (is_closed_ && server_.loses_answers) output_.clear();
    if (!server_.edit || is_silent_ || is_closed_) return;
    std::string edited = output_.substr(begin);
    afterwards_ = server_.edit(command, edited);
    output_.replace(begin, std::string::npos, edited);
    is_closed_ = afterwards_ == Afterwards::kClose;
    is_silent_ = !is_closed_ && afterwards_ != Afterwards::kNothing;
  }

  void respond(const std::string& tag, const std::string& command) {
    if (server_.before) {
      const std::string instead = server_.before(command);
      if (instead == kHangUp) is_closed_ = true;
      if (instead == kSendNothing) is_silent_ = true;
      if (is_closed_ || is_silent_) return;
      if (!instead.empty()) return say(tag + ' ' + instead);
    }
    std::string_view rest = command;
    const auto is = [&](std::string_view verb) {
      if (!rest.starts_with(verb)) return false;
      rest.remove_prefix(std::min(verb.size() + 1, rest.size()));
      return true;
    };
    std::string result = "OK done";
    if (is("CAPABILITY")) {
      say("* CAPABILITY IMAP4rev1 LITERAL+ " +
          std::string(server_.namespaces.empty() ? "" : "NAMESPACE ") + server_.capabilities);
    } else if (is("NAMESPACE") && !server_.namespaces.empty()) {
      say("* NAMESPACE " + server_.namespaces);
    } else if (is("MYRIGHTS")) {
      result = my_rights(take_string(rest));
    } else if (is("LIST")) {
      list(rest.find("RETURN (STATUS") != std::string_view::npos);
    } else if (is("STATUS")) {
      const std::string name = take_string(rest);
      result = status(name, rest.find(" SIZE") != std::string_view::npos);
    } else if (is("EXAMINE")) {
      result = examine(take_string(rest));
    } else if (is("UID SEARCH")) {
      result = search();
    } else if (is("UID FETCH")) {
      result = fetch(std::string(rest));
    } else if (is("ID")) {
      say("* ID (\"version\" NIL \"name\" \"" + server_.product + "\")");
    } else if (is("LOGOUT")) {
      say("* BYE");
    } else if (!is("LSUB")) {
      result = "BAD what?";
    }
    if (!is_closed_ && !is_silent_) say(tag + ' ' + result);
  }

  void list(bool with_status) {
    for (const auto& folder : server_.folders_) {
      if (!folder->is_listed) continue;
      say("* LIST (" + folder->attributes + ") \"/\" " + as_sent(folder->raw_name));
      if (with_status && server_.lists_status) status(folder->raw_name, false);
    }
  }

  std::string my_rights(const std::string& name) {
    const OddFolder* folder = server_.find(name);
    if (folder == nullptr || folder->rights.empty()) return "NO you may not know";
    say("* MYRIGHTS " + as_sent(name) + ' ' + folder->rights);
    return "OK done";
  }

  std::string status(const std::string& name, bool with_size) {
    const OddFolder* folder = server_.find(name);
    if (folder == nullptr) return "NO [NONEXISTENT] no such folder";
    say("* STATUS " + as_sent(name) + " (MESSAGES " + std::to_string(folder->messages.size()) +
        " UIDNEXT " + next(*folder) + " UIDVALIDITY " + folder->uid_validity +
        (with_size ? " SIZE " + size(*folder) : "") + ")");
    return "OK done";
  }

  std::string examine(const std::string& name) {
    open_before_ = std::exchange(open_, server_.find(name));
    was_opened_early_ = is_early_;
    server_.open_folder_ = name;
    if (open_ == nullptr) return "NO no such folder";
    if (!open_->refusal.empty()) return open_->refusal;
    say("* " + (open_->exists.empty() ? std::to_string(open_->messages.size()) : open_->exists) +
        " EXISTS");
    say("* OK [UIDVALIDITY " + open_->uid_validity + "] valid");
    if (open_->tells_next) say("* OK [UIDNEXT " + next(*open_) + "] next");
    return "OK done";
  }

  static std::string size(const OddFolder& folder) {
    if (!folder.status_size.empty()) return folder.status_size;
    std::size_t sum = 0;
    for (const OddMessage& message : folder.messages) sum += message.body.size();
    return std::to_string(sum);
  }

  static std::string next(const OddFolder& folder) {
    return std::to_string(folder.messages.empty() ? 1 : folder.messages.back().uid + 1);
  }

  std::string search() {
    if (open_ == nullptr) return "BAD no folder is open";
    std::string line = "* SEARCH";
    for (const OddMessage& message : open_->messages) {
      if (open_->is_searched) line += ' ' + std::to_string(message.uid);
    }
    say(line);
    return "OK done";
  }

  std::string fetch(const std::string& arguments) {
    const std::string set = arguments.substr(0, arguments.find(' '));
    const imap::UidSet uids = set == "1:*" ? imap::UidSet::all() : imap::UidSet::parse(set).value();
    const bool with_body = arguments.find("BODY.PEEK[]") != std::string::npos;
    std::size_t number = 0;
    if (open_ == nullptr) return "BAD no folder is open";
    const bool may_be_late = server_.opens_late || (server_.opens_late_behind && was_opened_early_);
    const bool is_late = may_be_late && is_early_ && open_before_ != nullptr;
    OddFolder& folder = is_late ? *open_before_ : *open_;
    for (OddMessage& message : folder.messages) {
      ++number;
      if (!uids.contains(base::Uid{message.uid})) continue;
      if (!with_body && !message.is_scanned) continue;
      std::string item;
      if (with_body) {
        item = message.item ? message.item(message.asked++) : "BODY[] " + literal(message.body);
        if (item == kHangUp) is_closed_ = true;
        if (item.ends_with(kSendNothing)) {
          is_silent_ = true;
          item.resize(item.size() - kSendNothing.size());
          if (!item.empty())
            output_ += "* 1 FETCH (UID " + std::to_string(message.uid) + ' ' + item;
        }
        if (is_closed_ || is_silent_) return {};
        if (item.empty()) continue;
      }
      const std::string size =
          message.size.empty() ? std::to_string(message.body.size()) : message.size;
      if (server_.product == "Dovecot" && arguments.find("X-MAILBOX") != std::string::npos) {
        item.insert(0, "X-MAILBOX " + as_sent(folder.raw_name) + ' ');
      }
      say(fmt::format("* {} FETCH (UID {} {} INTERNALDATE \"{}\" RFC822.SIZE {} {})", number,
                      message.uid, message.flags, message.date, size, item));
    }
    if (with_body && folder.after_fetch) std::exchange(folder.after_fetch, {})(folder);
    return with_body ? folder.fetch_result : "OK done";
  }

  OddServer& server_;
  int number_;
  OddFolder* open_ = nullptr;
  OddFolder* open_before_ = nullptr;
  bool is_early_ = false;  // the client has not received the last answer yet
  bool was_opened_early_ = false;
  std::string input_;
  std::size_t asked_ = 0;  // the end of the line up to which go-aheads were given
  bool has_sent_ = false;  // see OddServer::pauses
  std::string output_;
  bool is_closed_ = false;
  bool is_silent_ = false;
  Afterwards afterwards_ = Afterwards::kNothing;
};

OddFolder* OddServer::find(std::string_view raw_name) {
  const bool is_inbox = base::equal_ignoring_case(raw_name, imap::kInbox);
  const auto found = by_name_.find(is_inbox ? imap::kInbox : raw_name);
  return found == by_name_.end() ? nullptr : found->second;
}

OddFolder& OddServer::folder(std::string_view raw_name) {
  if (OddFolder* const known = find(raw_name)) return *known;
  folders_.push_back(std::make_unique<OddFolder>());
  folders_.back()->raw_name = raw_name;
  by_name_.emplace(raw_name, folders_.back().get());
  return *folders_.back();
}

void OddServer::remove(std::string_view raw_name) {
  if (const auto found = by_name_.find(raw_name); found != by_name_.end()) by_name_.erase(found);
  std::erase_if(folders_, [&](const auto& folder) { return folder->raw_name == raw_name; });
}

Connect OddServer::connect() {
  return [this] {
    ++connections_;
    return std::make_unique<Connection>(*this, connections_);
  };
}

}  // namespace backupd
