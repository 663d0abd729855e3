// A mailbox with one restored tree that is due: the starting point of the sweeper's tests.
#pragma once

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "restore/tree_sweeper.h"
#include "tests/restore/model_server.h"

namespace restore {

// A rescue that keeps the given messages, or fails.
class ModelRescue : public Rescue {
 public:
  std::string trouble;                                  // its error, if not empty
  std::set<std::pair<std::string, base::Uid>> rescued;  // folder and UID

  Kept keep(imap::Session& /*session*/, const store::TreeRecord& /*record*/,
            const store::TreeLevel& level, const imap::UidSet& uids) override {
    if (!trouble.empty()) return {trouble, base::ErrorCode::kBusy};
    for (const base::Uid uid : uids) rescued.emplace(level.raw_name, uid);
    return {"", {}, "snapshot"};
  }
};

struct SweptScene {
  static constexpr std::chrono::sys_seconds kDate =
      std::chrono::sys_days(std::chrono::year(2026) / 11 / 1);

  ModelServer server;
  store::TreeRecord record;
  std::vector<store::TreeRecord> others;
  ModelRescue rescue;

  SweptScene() {
    record.id = "this";
    record.account = "alice";
    record.name = record.raw_name = "RESTORED/t1";
    record.delimiter = '/';
  }

  // INBOX and Archive with mail of the user's; RESTORED, RESTORED/t1, and RESTORED/t1/INBOX with
  // two messages, all made by mailstow.
  void make_usual() {
    for (const char* name : {"INBOX", "Archive"}) {
      folder(name).put({100, kDate});
      folder(name).put({200, kDate});
    }
    for (const char* name : {"RESTORED", "RESTORED/t1", "RESTORED/t1/INBOX"}) {
      folder(name).uid_validity = 77;
      folder(name).mailbox_id = std::string("box-") + std::to_string(std::string(name).size());
      record_as_created(name);
    }
    for (const std::uint64_t size : {100U, 200U}) restore_message(size);
  }

  ModelFolder& folder(const std::string& raw_name) { return server.folders[raw_name]; }
  ModelFolder& tree_inbox() { return folder("RESTORED/t1/INBOX"); }

  store::TreeLevel& level(const std::string& raw_name) {
    const auto found = std::find_if(record.levels.begin(), record.levels.end(),
                                    [&](const auto& level) { return level.raw_name == raw_name; });
    return found != record.levels.end() ? *found : record.levels.emplace_back();
  }
  store::TreeLevel& inbox_level() { return level("RESTORED/t1/INBOX"); }

  void record_as_created(const std::string& raw_name) {
    const ModelFolder& now = folder(raw_name);
    store::TreeLevel created;
    created.raw_name = raw_name;
    created.state = store::LevelState::kCreated;
    created.identity = store::LevelIdentity{now.uid_validity, now.mailbox_id};
    record.levels.push_back(created);
  }

  void restore_message(std::uint64_t size) {
    const base::Uid uid = tree_inbox().put({size, kDate});
    inbox_level().messages.push_back({uid, size, kDate, {}});
  }

  void rename(const std::string& from, const std::string& to) {
    auto moved = server.folders.extract(from);
    moved.key() = to;
    server.folders.insert(std::move(moved));
  }

  SweptTree sweep() {
    imap::Session session = server.session();
    return TreeSweeper(session, record, others, &rescue).sweep();
  }
  SweptTree plan() {
    imap::Session session = server.session();
    return TreeSweeper(session, record, others, &rescue).plan();
  }
};

}  // namespace restore
