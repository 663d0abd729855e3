#include "tests/backupd/pass/scenario.h"

#include <algorithm>
#include <filesystem>
#include <utility>
#include <vector>

#include <fmt/core.h>
#include <gmock/gmock.h>

#include "store/maintenance/check.h"
#include "store/maintenance/prune.h"
#include "store/maintenance/reindex.h"
#include "tests/backupd/pass/pass_runner.h"
#include "tests/backupd/pass/stored_mail.h"

namespace backupd {

namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr int kNights = 2;
constexpr std::chrono::hours kDay{24};

// The time that a server can keep its account's pass waiting.
constexpr std::chrono::hours kMaxNight{12};

constexpr const char* kOdd = "odd";
constexpr const char* kInnocent = "innocent";

void fill(OddServer& server, const std::string& folder, std::uint32_t messages) {
  for (std::uint32_t uid = 1; uid <= messages; ++uid) {
    server.folder(folder).message(uid, fmt::format("Subject: {} {}\r\n\r\ntext\r\n", folder, uid));
  }
}

// All that a report says about what is not as it should be.
std::string report_text(const AccountReport& report) {
  std::string text = report.error;
  for (const SkippedEntry& entry : report.skipped)
    text += '\n' + entry.folder + ": " + entry.reason;
  for (const std::string& line : report.troubles) text += '\n' + line;
  return text;
}

class Stage {
 public:
  Stage() {
    fill(odd_, "INBOX", 3);
    fill(odd_, "Mid", 3);
    fill(odd_, "Zlast", 1);
    fill(innocent_, "INBOX", 3);
  }

  void play(const Scenario& scenario) {
    AccountReport last;
    runner_.server_config().transfer.account_timeout = scenario.account_timeout;
    for (int night = 0; night < kNights; ++night) {
      SCOPED_TRACE(fmt::format("night {}", night));
      odd_.before = {};
      odd_.edit = {};
      scenario.play(odd_, night);
      runner_.set_ahead(night * kDay);
      const auto waited = odd_.clock().ahead();
      const std::vector<PassAccount> accounts = {
          {.name = kOdd, .connect = odd_.connect(), .clock = odd_.clock()},
          {.name = kInnocent, .connect = innocent_.connect()}};
      std::vector<AccountReport> reports = runner_.run_together(accounts);
      last = std::move(reports[0]);
      EXPECT_EQ(reports[1].status, PassStatus::kComplete) << reports[1].error;
      EXPECT_EQ(report_text(reports[1]), "");
      const auto time = odd_.clock().ahead() - waited + runner_.clock().ahead() - night * kDay;
      EXPECT_LT(time, kMaxNight) << "the pass waited too long for the server";
    }
    expect_report(scenario, last);
    expect_sound();
    std::filesystem::remove_all(runner_.location().index);
    EXPECT_THAT(store::reindex(runner_.location(), files_).damage, IsEmpty());
    expect_sound();
    const StoredMail mail = read_back(runner_.location(), kOdd, last.snapshot ? &last : nullptr);
    EXPECT_EQ(mail.troubles, "");
    expect_counts(scenario, counts_of(mail));
    expect_bodies(mail);
    const StoredMail other = read_back(runner_.location(), kInnocent, nullptr);
    EXPECT_EQ(other.troubles, "");
    EXPECT_EQ(counts_of(other), "INBOX 3");
  }

 private:
  static void expect_report(const Scenario& scenario, const AccountReport& report) {
    const std::string text = report_text(report);
    if (scenario.reason == kAnything) return;
    if (scenario.reason.empty()) {
      EXPECT_EQ(report.status, PassStatus::kComplete);
      EXPECT_EQ(text, "");
    } else {
      EXPECT_NE(report.status, PassStatus::kComplete);
      EXPECT_THAT(text.substr(0, 4'000), HasSubstr(scenario.reason));
    }
  }

  static void expect_counts(const Scenario& scenario, const std::string& counts) {
    if (scenario.reason != kAnything) {
      EXPECT_EQ(counts, scenario.stored);
      return;
    }
    const std::string stored = ", " + counts + ",";
    std::string_view rest = scenario.stored;
    while (!rest.empty()) {
      const std::string_view one = rest.substr(0, rest.find(", "));
      EXPECT_THAT(stored, HasSubstr(fmt::format(", {},", one)));
      rest.remove_prefix(std::min(one.size() + 2, rest.size()));
    }
  }

  void expect_sound() {
    const store::CheckReport report = store::check(
        runner_.location(), files_, {.depth = store::CheckDepth::kReadData, .threads = 1});
    EXPECT_THAT(report.damage, IsEmpty());
    EXPECT_THAT(report.damaged_messages, IsEmpty());
    EXPECT_NO_THROW(store::prune(runner_.location(), files_, runner_.clock(), {}));
  }

  // Where the server sends bodies as they are, they are stored under their own folder and UID.
  void expect_bodies(const StoredMail& mail) {
    for (const auto& [name, messages] : mail.folders) {
      const OddFolder* const folder = odd_.find(name);
      if (folder == nullptr) continue;
      for (const OddMessage& message : folder->messages) {
        const auto stored = messages.find(message.uid);
        if (message.item || stored == messages.end()) continue;
        EXPECT_EQ(stored->second, message.body);
      }
    }
  }

  base::FileSystem& files_ = base::real_file_system();
  OddServer odd_;
  OddServer innocent_;
  PassRunner runner_{kOdd};
};

Play with_edit(std::string what, std::function<Afterwards(std::string& answer)> edit) {
  return [what = std::move(what), edit = std::move(edit)](OddServer& server, int) {
    server.edit = [what, edit, earlier = server.edit](const std::string& command,
                                                      std::string& answer) {
      const Afterwards before = earlier ? earlier(command, answer) : Afterwards::kNothing;
      if (command.find(what) == std::string::npos) return before;
      const Afterwards after = edit(answer);
      return after == Afterwards::kNothing ? before : after;
    };
  };
}

// Where the tagged line begins.
std::size_t last_line(const std::string& answer) {
  if (answer.size() < 3) return 0;
  const std::size_t end = answer.rfind("\r\n", answer.size() - 3);
  return end == std::string::npos ? 0 : end + 2;
}

}  // namespace

void PrintTo(const Scenario& scenario, std::ostream* out) {
  *out << scenario.name;
}

void play(const Scenario& scenario) {
  Stage().play(scenario);
}

Play refuse(std::string what, std::string answer) {
  return [what = std::move(what), answer = std::move(answer)](OddServer& server, int) {
    server.before = [what, answer, earlier = server.before](const std::string& command) {
      if (command.find(what) != std::string::npos) return answer;
      return earlier ? earlier(command) : std::string();
    };
  };
}

Play answer(std::string what, std::string lines) {
  return with_edit(std::move(what), [lines = std::move(lines)](std::string& answer) {
    answer.replace(0, last_line(answer), lines);
    return Afterwards::kNothing;
  });
}

Play add(std::string what, std::string lines) {
  return with_edit(std::move(what), [lines = std::move(lines)](std::string& answer) {
    answer.insert(0, lines);
    return Afterwards::kNothing;
  });
}

Play rewrite(std::string what, std::string from, std::string to) {
  const auto edit = [from = std::move(from), to = std::move(to)](std::string& answer) {
    for (std::size_t at = answer.find(from); at != std::string::npos;
         at = answer.find(from, at + to.size())) {
      answer.replace(at, from.size(), to);
    }
    return Afterwards::kNothing;
  };
  return with_edit(std::move(what), edit);
}

Play change(std::string what, std::function<void(std::string& answer)> change) {
  return with_edit(std::move(what), [change = std::move(change)](std::string& answer) {
    change(answer);
    return Afterwards::kNothing;
  });
}

Play meanwhile(std::string what, std::function<void(OddServer& server)> act) {
  return [what = std::move(what), act = std::move(act)](OddServer& server, int) {
    server.before = [&server, what, act, earlier = server.before](const std::string& command) {
      if (command.find(what) != std::string::npos) act(server);
      return earlier ? earlier(command) : std::string();
    };
  };
}

Play instead(std::string what, Afterwards afterwards) {
  return with_edit(std::move(what), [afterwards](std::string& answer) {
    answer.clear();
    return afterwards;
  });
}

Play drip(std::string what, std::string line, std::chrono::seconds interval) {
  return all({[line = std::move(line), interval](OddServer& server, int) {
                server.drip = line;
                server.drip_interval = interval;
              },
              instead(std::move(what), Afterwards::kDrip)});
}

Play flood(std::string what, std::string line) {
  return all({[line = std::move(line)](OddServer& server, int) { server.drip = line; },
              instead(std::move(what), Afterwards::kFlood)});
}

Play flood_at_once(std::string what, std::string line) {
  return all({[](OddServer& server, int) { server.flood_interval = {}; },
              flood(std::move(what), std::move(line))});
}

Play capabilities(std::string names) {
  return [names = std::move(names)](OddServer& server, int) { server.capabilities = names; };
}

Play folder(std::function<void(OddFolder& folder)> change, std::string raw_name) {
  return [change = std::move(change), raw_name = std::move(raw_name)](OddServer& server, int) {
    change(server.folder(raw_name));
  };
}

Play message(std::function<void(OddMessage& message)> change) {
  return folder([change = std::move(change)](OddFolder& mid) { change(mid.messages[1]); });
}

Play body(std::string item) {
  return message(
      [item = std::move(item)](OddMessage& second) { second.item = [item](int) { return item; }; });
}

Play flags(std::string flags) {
  return message([flags = std::move(flags)](OddMessage& second) { second.flags = flags; });
}

Play date(std::string date) {
  return message([date = std::move(date)](OddMessage& second) { second.date = date; });
}

Play all(std::initializer_list<Play> plays) {
  return [plays = std::vector<Play>(plays)](OddServer& server, int night) {
    for (const Play& play : plays) play(server, night);
  };
}

Play in_mid(const Play& play) {
  return [play](OddServer& server, int night) {
    const auto before = std::exchange(server.before, {});
    const auto edit = std::exchange(server.edit, {});
    play(server, night);
    if (server.before) {
      server.before = [&server, before, inside = server.before](const std::string& command) {
        if (server.open_folder() == "Mid") {
          if (std::string text = inside(command); !text.empty()) return text;
        }
        return before ? before(command) : std::string();
      };
    } else {
      server.before = before;
    }
    if (server.edit) {
      server.edit = [&server, edit, inside = server.edit](const std::string& command,
                                                          std::string& answer) {
        const Afterwards outside = edit ? edit(command, answer) : Afterwards::kNothing;
        return server.open_folder() == "Mid" ? inside(command, answer) : outside;
      };
    } else {
      server.edit = edit;
    }
  };
}

Play later(const Play& play) {
  return [play](OddServer& server, int night) {
    if (night > 0) play(server, night);
  };
}

}  // namespace backupd
