#include "tests/servers/storm.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "tests/servers/imap_client.h"
#include "tests/servers/mail_generator.h"

namespace servers {

namespace {

constexpr std::size_t kFirstMessages = 300;
constexpr std::size_t kMinMessages = 200;
constexpr std::size_t kMaxMessages = 500;
constexpr std::size_t kMinFolders = 4;
constexpr std::size_t kMaxFolders = 9;
constexpr std::size_t kMaxAtOnce = 12;
constexpr std::size_t kKinds = 8;  // of changes

// Expands "3:5,9" to 3 4 5 9, in the order of the set.
std::vector<std::uint32_t> numbers_of(std::string_view set) {
  std::vector<std::uint32_t> numbers;
  const char* at = set.data();
  const char* const end = at + set.size();
  while (at < end) {
    std::uint32_t first = 0;
    at = std::from_chars(at, end, first).ptr;
    std::uint32_t last = first;
    if (at < end && *at == ':') at = std::from_chars(at + 1, end, last).ptr;
    if (first == 0 || last < first || (at < end && *at != ',')) {
      base::fail(base::ErrorCode::kProtocol, "storm: the server sent the UIDs {}", set);
    }
    for (std::uint32_t number = first; number <= last; ++number) numbers.push_back(number);
    ++at;
  }
  return numbers;
}

std::string set_of(const std::vector<std::uint32_t>& uids) {
  return fmt::format("{}", fmt::join(uids, ","));
}

// The words of a response code, anywhere in the response.
std::vector<std::string> code_words(const Answer& answer, std::string_view code) {
  const std::string text = answer.untagged + answer.result;
  const std::size_t begin = text.find(fmt::format("[{} ", code));
  if (begin == std::string::npos) return {};
  std::size_t at = begin + code.size() + 2;
  const std::size_t end = text.find(']', at);
  std::vector<std::string> words;
  while (at < end) {
    const std::size_t space = std::min(text.find(' ', at), end);
    words.push_back(text.substr(at, space - at));
    at = space + 1;
  }
  return words;
}

}  // namespace

std::vector<const Journal::Folder*> Journal::folders_called(const std::string& raw_name,
                                                            std::uint32_t uid_validity) const {
  std::vector<const Folder*> found;
  for (const Folder& folder : folders) {
    if (folder.names.contains({raw_name, uid_validity})) found.push_back(&folder);
  }
  return found;
}

class Storm::Client {
 public:
  Client(const Server& server, std::string_view user, std::uint64_t seed)
      : client_(server.client(user)),
        prefix_(server.personal_prefix()),
        separator_(server.separator()),
        random_(seed),
        mail_(seed) {
    record_folder("INBOX");
    // Some servers create it implicitly for folders below it.
    client_.command("CREATE " + quote(container()));
    record_folder(container());
    while (folders_.size() < kMinFolders) create();
    while (count() < kFirstMessages) append();
  }

  bool did_everything() const { return journal_.deeds.size() == kKinds; }

  void change_something() {
    static constexpr std::array<std::pair<unsigned, void (Client::*)()>, kKinds> kShares = {{
        {30, &Client::append},
        {25, &Client::flag},
        {15, &Client::move},
        {6, &Client::copy},
        {12, &Client::expunge},
        {5, &Client::rename},
        {3, &Client::create},
        {4, &Client::remove},
    }};
    std::size_t chance = random_.below(100);
    for (const auto& [share, kind] : kShares) {
      if (chance < share) return (this->*kind)();
      chance -= share;
    }
  }

  Journal& journal() { return journal_; }

 private:
  struct Message {
    std::size_t mail = 0;
    Flags flags;
  };
  struct Folder {
    Journal::Folder* record = nullptr;
    std::map<std::uint32_t, Message> messages;
  };
  using Folders = std::map<std::string, Folder>;

  void append() {
    if (count() > kMaxMessages) return expunge();
    auto& [name, folder] = any_folder();
    std::vector<Delivery> mails;
    for (std::size_t left = 1 + random_.below(kMaxAtOnce); left > 0; --left) {
      // Each message has its own date, so that mixing two up is detected.
      const auto date = std::chrono::sys_days(std::chrono::year(2020) / 1 / 1) +
                        std::chrono::minutes(journal_.mails.size() + mails.size());
      mails.push_back({mail_.text(1'000 + random_.below(20'000)), any_flags(), date});
    }
    const Answer answer = run("append", append_command(name, mails));
    const auto words = code_words(answer, "APPENDUID");
    expect(words.size() == 2, answer);
    note_name(folder, name, words[0]);
    const auto uids = numbers_of(words[1]);
    expect(uids.size() == mails.size(), answer);
    for (std::size_t at = 0; at < uids.size(); ++at) {
      add_message(folder, uids[at], {journal_.mails.size(), mails[at].flags});
      journal_.mails.push_back(std::move(mails[at]));
    }
  }

  void flag() {
    auto& [name, folder] = folder_with_mail();
    const auto uids = some_uids(folder);
    const Flags flags = any_flags();
    static constexpr std::array<const char*, 3> kHow = {"FLAGS", "+FLAGS", "-FLAGS"};
    const std::size_t how = random_.below(kHow.size());
    select(name);
    run("flag",
        fmt::format("UID STORE {} {} ({})", set_of(uids), kHow.at(how), fmt::join(flags, " ")));
    for (const std::uint32_t uid : uids) {
      Flags& mine = folder.messages.at(uid).flags;
      Flags next;
      if (how == 0) next = flags;
      if (how == 1)
        std::set_union(mine.begin(), mine.end(), flags.begin(), flags.end(),
                       std::back_inserter(next));
      if (how == 2)
        std::set_difference(mine.begin(), mine.end(), flags.begin(), flags.end(),
                            std::back_inserter(next));
      set_flags(folder, uid, std::move(next));
    }
  }

  void move() { transfer("move", "UID MOVE"); }
  void copy() { transfer("copy", "UID COPY"); }

  void transfer(const std::string& kind, std::string_view command) {
    auto& [name, folder] = folder_with_mail();
    auto& [target_name, target] = any_folder();
    if (&folder == &target) return;
    const auto uids = some_uids(folder);
    select(name);
    const Answer answer =
        run(kind, fmt::format("{} {} {}", command, set_of(uids), quote(target_name)));
    const auto words = code_words(answer, "COPYUID");
    expect(words.size() == 3, answer);
    note_name(target, target_name, words[0]);
    const auto from = numbers_of(words[1]);
    const auto to = numbers_of(words[2]);
    expect(from.size() == uids.size() && to.size() == uids.size(), answer);
    for (std::size_t at = 0; at < from.size(); ++at) {
      add_message(target, to[at], folder.messages.at(from[at]));
      if (kind != "move") continue;
      // Cyrus briefly shows it to others as deleted before it disappears.
      set_flags(folder, from[at], with_deleted(folder.messages.at(from[at]).flags));
      folder.messages.erase(from[at]);
    }
  }

  void expunge() {
    auto& [name, folder] = folder_with_mail();
    const auto uids = some_uids(folder);
    if (count() < kMinMessages) return append();
    select(name);
    run("flag", fmt::format("UID STORE {} +FLAGS.SILENT (\\Deleted)", set_of(uids)));
    for (const std::uint32_t uid : uids) {
      set_flags(folder, uid, with_deleted(folder.messages.at(uid).flags));
    }
    run("expunge", "UID EXPUNGE " + set_of(uids));
    for (const std::uint32_t uid : uids) folder.messages.erase(uid);
  }

  void rename() {
    const auto folder = lasting_folder();
    if (folder == folders_.end()) return;
    const std::string name = free_name();
    leave();
    run("rename", fmt::format("RENAME {} {}", quote(folder->first), quote(name)));
    folders_[name] = std::move(folder->second);
    folders_.erase(folder);
    record_folder(name);
  }

  void create() {
    if (folders_.size() >= kMaxFolders) return remove();
    const std::string name = free_name();
    run("create", "CREATE " + quote(name));
    record_folder(name);
  }

  void remove() {
    const auto folder = lasting_folder();
    if (folders_.size() <= kMinFolders || folder == folders_.end()) return;
    leave();
    const std::string command = "DELETE " + quote(folder->first);
    const Answer answer = client_.try_command(command);
    // Cyrus renames a deleted folder by the second, so it can't delete two of one name in a second.
    if (answer.result.find("Mailbox already exists") != std::string::npos) return;
    count_deed("delete", command, answer);
    folders_.erase(folder);
  }

  // Records that the folder exists.
  void record_folder(const std::string& name) {
    Folder& folder = folders_[name];
    if (folder.record == nullptr) folder.record = &journal_.folders.emplace_back();
    const Answer answer = run("", fmt::format("STATUS {} (UIDVALIDITY)", quote(name)));
    constexpr std::string_view kItem = "UIDVALIDITY ";
    const std::size_t at = answer.untagged.find(kItem);
    expect(at != std::string::npos, answer);
    note_name(folder, name, std::string_view(answer.untagged).substr(at + kItem.size()));
  }

  // A folder that two clients open for the first time may change its UIDVALIDITY until one of them
  // is done.
  static void note_name(Folder& folder, const std::string& name, std::string_view uid_validity) {
    std::uint32_t number = 0;
    std::from_chars(uid_validity.data(), uid_validity.data() + uid_validity.size(), number);
    folder.record->names.emplace(name, number);
  }

  void add_message(Folder& folder, std::uint32_t uid, Message message) {
    folder.record->lives[uid] = {message.mail, {message.flags}};
    folder.messages[uid] = std::move(message);
  }

  void set_flags(Folder& folder, std::uint32_t uid, Flags flags) {
    folder.record->lives.at(uid).flags.insert(flags);
    folder.messages.at(uid).flags = std::move(flags);
  }

  static Flags with_deleted(Flags flags) {
    if (std::find(flags.begin(), flags.end(), "\\Deleted") == flags.end()) {
      flags.emplace_back("\\Deleted");
    }
    std::sort(flags.begin(), flags.end());
    return flags;
  }

  void select(const std::string& name) {
    if (std::exchange(selected_, name) != name) run("", "SELECT " + quote(name));
  }

  // Unselects the folder, because a selected one must not be renamed or deleted.
  void leave() {
    if (!std::exchange(selected_, "").empty()) run("", "UNSELECT");
  }

  Answer run(const std::string& kind, const std::string& command) {
    Answer answer = client_.try_command(command);
    count_deed(kind, command, answer);
    return answer;
  }

  void count_deed(const std::string& kind, const std::string& command, const Answer& answer) {
    if (!answer.is_ok()) {
      base::fail(base::ErrorCode::kRefused, "storm: {}: {}", command.substr(0, 200), answer.result);
    }
    if (!kind.empty()) ++journal_.deeds[kind];
  }

  static void expect(bool condition, const Answer& answer) {
    if (condition) return;
    base::fail(base::ErrorCode::kProtocol, "storm: the server answered {}{}",
               answer.untagged.substr(0, 1'000), answer.result);
  }

  std::size_t count() const {
    std::size_t messages = 0;
    for (const auto& [name, folder] : folders_) messages += folder.messages.size();
    return messages;
  }

  Folders::value_type& any_folder() {
    return *std::next(folders_.begin(),
                      static_cast<std::ptrdiff_t>(random_.below(folders_.size())));
  }

  Folders::value_type& folder_with_mail() {
    while (true) {
      auto& folder = any_folder();
      if (!folder.second.messages.empty()) return folder;
    }
  }

  std::string container() const { return prefix_ + "Lists"; }

  // Returns a folder that may be renamed or deleted, or end().
  Folders::iterator lasting_folder() {
    const auto folder =
        std::next(folders_.begin(), static_cast<std::ptrdiff_t>(random_.below(folders_.size())));
    return folder->first == "INBOX" || folder->first == container() ? folders_.end() : folder;
  }

  std::vector<std::uint32_t> some_uids(const Folder& folder) {
    std::vector<std::uint32_t> uids;
    const std::size_t all = folder.messages.size();
    auto message =
        std::next(folder.messages.begin(), static_cast<std::ptrdiff_t>(random_.below(all)));
    for (std::size_t left = 1 + random_.below(kMaxAtOnce);
         left > 0 && message != folder.messages.end(); --left, ++message) {
      uids.push_back(message->first);
    }
    return uids;
  }

  Flags any_flags() {
    static const Flags every = {"$Label1", "$Work", "\\Answered", "\\Draft", "\\Flagged", "\\Seen"};
    Flags flags;
    for (const std::string& flag : every) {
      if (random_.one_in(3)) flags.push_back(flag);
    }
    return flags;
  }

  // Chooses from only a few names, so that names are soon reused for other folders.
  std::string free_name() {
    while (true) {
      std::string name = random_.one_in(3)
                             ? fmt::format("{}{}{}", container(), separator_, random_.below(6))
                             : fmt::format("{}Work {}", prefix_, random_.below(12));
      if (!folders_.contains(name)) return name;
    }
  }

  ImapClient client_;
  const std::string prefix_;
  const char separator_;
  Random random_;
  MailGenerator mail_;
  Folders folders_;
  std::string selected_;
  Journal journal_;
};

Storm::Storm(const Server& server, std::string_view user, std::uint64_t seed)
    : client_(std::make_unique<Client>(server, user, seed)), thread_([this] {
        try {
          while (!is_over_ || !client_->did_everything()) client_->change_something();
        } catch (...) {
          error_ = std::current_exception();
        }
      }) {}

Storm::~Storm() {
  is_over_ = true;
  if (thread_.joinable()) thread_.join();
}

Journal Storm::end() {
  is_over_ = true;
  thread_.join();
  if (error_) std::rethrow_exception(error_);
  return std::move(client_->journal());
}

}  // namespace servers
