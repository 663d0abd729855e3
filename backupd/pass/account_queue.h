// The accounts of one pass, several at a time, each server with no more connections than it is
// configured for. Where there are more servers, or connections, than threads, servers take turns:
// one with many accounts, or slow ones, keeps none from being begun.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/config/config.h"

namespace backupd {

class AccountQueue {
 public:
  AccountQueue(const base::Config& config, const std::vector<base::AccountConfig>& accounts);

  // Runs `work` for every account, by its index, on several threads; each call may have one
  // connection to the account's server. If one throws, no other account is begun, and it is thrown
  // here when those under way are done.
  void run(const std::function<void(std::size_t index)>& work);

  // One more connection that a server allows, until it is let go.
  class Spare {
   public:
    Spare(Spare&& other) noexcept;
    Spare& operator=(Spare&&) = delete;
    ~Spare();

   private:
    friend class AccountQueue;
    Spare(AccountQueue& queue, const std::string& server);

    AccountQueue* queue_;
    const std::string* server_;
  };

  // For an account that is under way: as many as it wants, fewer if its server allows no more or
  // other accounts wait for them. Any thread.
  std::vector<Spare> spares(const base::AccountConfig& account, unsigned wanted);

 private:
  struct Server {
    unsigned free = 0;                // connections
    std::deque<std::size_t> waiting;  // accounts
    unsigned under_way = 0;           // accounts
    std::uint64_t last_begun = 0;     // counts the accounts of all servers
  };

  Server* startable();
  bool is_anyone_waiting() const;
  void work_off(const std::function<void(std::size_t index)>& work);
  void give_back(Server& server);

  std::mutex mutex_;  // of what follows
  std::condition_variable changed_;
  std::map<std::string, Server, std::less<>> servers_;
  std::uint64_t begun_ = 0;
  std::exception_ptr error_;
};

}  // namespace backupd
