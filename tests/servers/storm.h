// Another client of an account: changes it as fast as the server allows, and records everything
// that it ever contained.
//
//   servers::Storm storm(server, "alice", 1);
//   ... back up, again and again ...
//   const servers::Journal journal = storm.end();
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "tests/servers/delivery.h"
#include "tests/servers/server.h"

namespace servers {

using Flags = std::vector<std::string>;  // sorted, without \Recent

struct Journal {
  // A message in one folder.
  struct Life {
    std::size_t mail = 0;   // index into `mails`
    std::set<Flags> flags;  // all sets of flags that it ever had there
  };

  // A folder between its creation and its deletion, under any names.
  struct Folder {
    std::set<std::pair<std::string, std::uint32_t>> names;  // raw names, each with its UIDVALIDITY
    std::map<std::uint32_t, Life> lives;                    // by UID
  };

  std::vector<Delivery> mails;  // all different
  std::deque<Folder> folders;
  std::map<std::string, std::size_t> deeds;  // number of changes by kind

  // The folders that ever had this name. UIDVALIDITY alone does not identify a folder: two may have
  // the same value.
  std::vector<const Folder*> folders_called(const std::string& raw_name,
                                            std::uint32_t uid_validity) const;
};

class Storm {
 public:
  // Requires an empty account. Adds mail to it, and continues in its own thread. `server` must
  // outlive the storm.
  Storm(const Server& server, std::string_view user, std::uint64_t seed);
  Storm(const Storm&) = delete;
  Storm& operator=(const Storm&) = delete;
  ~Storm();

  // Stops the changes once every kind of change was made. Fails with the server's response if it
  // refused a change.
  Journal end();

 private:
  class Client;
  const std::unique_ptr<Client> client_;
  std::atomic<bool> is_over_ = false;
  std::exception_ptr error_;
  std::thread thread_;
};

}  // namespace servers
