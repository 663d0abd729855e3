// A proxy on loopback in front of a real object storage: answers a share of the requests wrongly,
// as networks, overloaded servers and other people's proxies do. Always the same for the same
// seed and the same requests.
//
//   servers::FaultProxy proxy(Swift::shared().storage().url());
//   proxy.begin({.faults = {Fault::kLostAnswer}});
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/http/http_client.h"
#include "tests/servers/mail_generator.h"
#include "tests/servers/storage/scripted_http.h"

namespace servers {

enum class Fault {
  // The client notices these, and can try again.
  kUnavailable,    // 503, to be tried again at once
  kCutBody,        // the answer ends within its body, with or without an announced length
  kLostAnswer,     // the connection breaks, before or after the request was carried out
  kCaptivePortal,  // a page that asks for a login, as the answer or where a redirection leads
  kDelay,          // nothing wrong, but late
  // Only the content of the object gives these away.
  kSwappedBody,  // another object, or the same part of it
  kFlippedByte,
};

struct FaultPlan {
  std::vector<Fault> faults;  // one of them at random, for each request that is chosen
  unsigned percent = 20;      // of the requests
  std::uint64_t seed = 1;
  unsigned in_a_row = 2;    // faults at most, for requests with the same first line
  std::string within = {};  // only requests whose first line has this
};

// Signatures are for the host that the client sees, so the storage gets the same header Host.
class FaultProxy {
 public:
  // `storage_url`: the endpoint, without a slash at its end.
  explicit FaultProxy(std::string storage_url);

  std::string url() const { return server_.url(); }

  // Until end(), requests have faults. Before and after, the proxy is transparent.
  void begin(const FaultPlan& plan);
  void end();

  unsigned count(Fault fault) const;  // so far; a fault that does not fit its request is left out

 private:
  std::optional<RawAnswer> answer(const ReceivedRequest& request);
  std::optional<Fault> choose_fault(const ReceivedRequest& request);
  std::optional<RawAnswer> answer_wrongly(const ReceivedRequest& request, Fault fault);
  std::optional<RawAnswer> lose_answer(const ReceivedRequest& request);
  RawAnswer portal(const ReceivedRequest& request);
  RawAnswer cut(const ReceivedRequest& request);
  RawAnswer swap_body(const ReceivedRequest& request);
  RawAnswer flip_byte(const ReceivedRequest& request);
  base::HttpAnswer forward(const ReceivedRequest& request);
  const std::string* other_object(const std::string& path);
  void note_object(const ReceivedRequest& request, const base::HttpAnswer& answer);

  const std::string storage_url_;
  base::HttpClient storage_{base::HttpSettings{}};
  mutable std::mutex mutex_;  // held while a request is answered
  std::optional<FaultPlan> plan_;
  Random random_{1};
  std::map<std::string, unsigned> in_a_row_;  // by first line
  std::map<Fault, unsigned> counts_;
  std::map<std::string, std::string> objects_;  // by path: what was written through this proxy
  ScriptedHttp server_;                         // the last: its thread uses everything else
};

}  // namespace servers
