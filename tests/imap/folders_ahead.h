// Helpers of the tests in which a session requests folders ahead.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "imap/connection_lost.h"
#include "imap/session.h"
#include "tests/imap/collector.h"

namespace imap {

inline Folder listed_folder(std::string raw_name, std::uint32_t messages) {
  Folder folder;
  folder.raw_name = std::move(raw_name);
  folder.status.emplace();
  folder.status->messages = messages;
  return folder;
}

inline void request_a_and_b(Session& session) {
  session.request_ahead(listed_folder("A", 1));
  session.request_ahead(listed_folder("B", 1));
}

inline std::vector<std::string> bodies_of_all(Session& session) {
  Collector collector;
  EXPECT_TRUE(session.fetch_messages(UidSet::all(), collector).complete);
  std::vector<std::string> bodies;
  for (const FetchedMessage& message : collector.messages) bodies.push_back(message.bytes);
  return bodies;
}

inline void expect_out_of_order(const std::function<void()>& call) {
  try {
    call();
    ADD_FAILURE() << "expected an error";
  } catch (const ConnectionLost& lost) {
    EXPECT_EQ(lost.cause(), ConnectionLost::Cause::kOutOfOrder) << lost.what();
  }
}

}  // namespace imap
