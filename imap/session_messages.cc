// Session's commands for the messages of a folder.
#include <algorithm>
#include <map>
#include <set>

#include "base/terminal.h"
#include "imap/session_impl.h"

namespace imap {

namespace {

using base::ErrorCode;

// Fills the items missing in `items` from `earlier`.
void merge(MessageItems& items, MessageItems& earlier) {
  if (!items.flags) items.flags = std::move(earlier.flags);
  if (!items.modseq) items.modseq = earlier.modseq;
  if (!items.internal_date) items.internal_date = earlier.internal_date;
  if (!items.size) items.size = earlier.size;
  if (items.server_id.empty()) items.server_id = std::move(earlier.server_id);
}

}  // namespace

// Passes the requested messages to the sink and filters out unsolicited data: flag changes,
// messages that were not requested, a body sent twice. A response without a body may be a flag
// change, or all that the server ever sends for the message, so it is held until the end.
class Session::Impl::MessageFilter : public BodySink {
 public:
  // Fails with ConnectionLost if more than `max` messages come.
  MessageFilter(const UidSet& wanted, std::uint64_t max, MessageSink& sink)
      : wanted_(wanted), max_(max), sink_(sink) {}

  // The message that the command requests; nullopt: several. A body without a UID is taken for the
  // body of that message.
  void expect_only(std::optional<base::Uid> uid) { only_ = uid; }

  const UidSet& delivered() const { return delivered_; }

  // Bodies that could not be attributed to a message, and were discarded.
  std::uint64_t discarded() const { return discarded_; }

  bool wants_body(std::optional<base::Uid> uid) override {
    if (!uid) uid = only_;
    arriving_ = uid;
    is_passing_ = !uid || is_wanted(*uid);
    return is_passing_;
  }

  void body_size(std::uint64_t size) override { sink_.body_size(arriving_, size); }

  void body_piece(base::ByteView piece) override { sink_.body_piece(piece); }

  // Returns true if the response had something of a message for the first time.
  bool take(FetchResponse& answer) {
    const bool has_body = answer.body == BodyKind::kString || answer.body == BodyKind::kLiteral;
    if (!answer.items.uid && has_body) answer.items.uid = only_;
    const std::optional<base::Uid> uid = answer.items.uid;
    if (!uid || !is_wanted(*uid)) {
      // Its pieces may have been passed to the sink before this was known.
      if (!has_body || !std::exchange(is_passing_, false)) return false;
      sink_.discard();
      if (uid) {
        base::fail(ErrorCode::kProtocol,
                   "the server sent a body of a message that was not requested");
      }
      ++discarded_;
      return true;
    }
    if (!has_body) return hold(*uid, answer);
    if (auto earlier = partial_.extract(*uid)) merge(answer.items, earlier.mapped());
    delivered_.add(*uid);
    if (!bodiless_.contains(*uid)) count();
    sink_.message(answer.items, answer.body);
    return true;
  }

  // The command is complete: messages without a body so far have none.
  void finish() {
    for (const base::Uid uid : bodiless_.without(delivered_)) {
      MessageItems items;
      if (auto known = partial_.extract(uid)) items = std::move(known.mapped());
      items.uid = uid;
      sink_.message(items, nil_.contains(uid) ? BodyKind::kNil : BodyKind::kMissing);
    }
  }

 private:
  // Beyond this many messages and bytes, only UIDs are kept: another client may be flagging all
  // messages, and a server may send 64 MB of flags for each.
  static constexpr std::size_t kMaxPartial = 1000;
  static constexpr std::size_t kMaxPartialBytes = std::size_t{16} << 20;

  bool is_wanted(base::Uid uid) const { return wanted_.contains(uid) && !delivered_.contains(uid); }

  void count() {
    if (++shown_ <= max_) return;
    throw ConnectionLost("the server sends more messages than the folder has", std::nullopt);
  }

  bool hold(base::Uid uid, FetchResponse& answer) {
    const bool is_new = bodiless_.add(uid);
    if (is_new) count();
    if (answer.body == BodyKind::kNil) nil_.add(uid);
    const std::size_t bytes = memory_of(answer.items);
    if (bytes > kMaxPartialBytes - partial_bytes_) return is_new;
    partial_bytes_ += bytes;
    const auto known = partial_.find(uid);
    if (known != partial_.end()) {
      merge(answer.items, known->second);
      known->second = std::move(answer.items);
    } else if (partial_.size() < kMaxPartial) {
      partial_.emplace(uid, std::move(answer.items));
    }
    return is_new;
  }

  const UidSet& wanted_;
  std::uint64_t max_;
  MessageSink& sink_;
  std::optional<base::Uid> only_;
  std::uint64_t discarded_ = 0;
  std::uint64_t shown_ = 0;  // messages, with a body or without
  bool is_passing_ = false;
  std::optional<base::Uid> arriving_;  // the message of the body that follows, if known
  UidSet delivered_;
  UidSet bodiless_;
  UidSet nil_;
  std::map<base::Uid, MessageItems> partial_;
  std::size_t partial_bytes_ = 0;  // of all that were put into partial_
};

FetchAnswer Session::Impl::fetch_messages(const UidSet& uids, MessageSink& sink) {
  // Mail may arrive meanwhile. Of all UIDs, a server could send billions.
  constexpr std::uint64_t kMaxFurther = 1'000;
  const std::uint64_t max = std::min<std::uint64_t>(
      uids == UidSet::all() ? exists_ + kMaxFurther : uids.count(), limits_.max_items);
  MessageFilter filter(uids, max, sink);
  std::optional<StatusResponse> refusal;
  if (!omits_uids_) {
    if (uids.count() == 1) filter.expect_only(*uids.begin());
    refusal = fetch_with_or_without_extensions([&] { return fetch_bodies(uids, filter); });
    omits_uids_ = filter.discarded() > 0;
  }
  if (omits_uids_) {
    std::optional<StatusResponse> later = fetch_bodies_one_by_one(uids, filter);
    if (!refusal) refusal = std::move(later);
  }
  filter.finish();
  if (!refusal) return {};
  return {.complete = false, .reason = refusal_of(*refusal)};
}

std::optional<StatusResponse> Session::Impl::fetch_bodies(const UidSet& uids,
                                                          MessageFilter& filter) {
  std::vector<FixedText> items = all_items();
  items.push_back(kBody);
  const std::uint64_t max_discarded = filter.discarded() + exists_;
  const auto take = [&](Response& response) {
    auto* const answer = std::get_if<FetchResponse>(&response);
    if (answer == nullptr) return;
    // Blocks while there is no room for the received data.
    if (!filter.take(*answer) || filter.discarded() > max_discarded) return;
    connection_.note_progress();
    connection_.expect_message();
  };
  std::optional<StatusResponse> refusal;
  connection_.expect_message();
  if (const auto ahead = take_fetch_ahead(uids, items)) {
    StatusResponse answer = fetch_ahead(*ahead, take, filter);
    if (answer.condition != Condition::kOk) refusal = std::move(answer);
  } else {
    refusal = run_on_uids(
        "UID FETCH", uids, [&](Command& command) { command.list(items); }, take, filter);
  }
  connection_.expect_no_message();
  return refusal;
}

std::optional<StatusResponse> Session::Impl::fetch_bodies_one_by_one(const UidSet& uids,
                                                                     MessageFilter& filter) {
  const UidSet left = uids.without(filter.delivered());
  const UidSet existing = search_all();
  std::optional<StatusResponse> refusal;
  for (const base::Uid uid : existing.without(existing.without(left))) {
    filter.expect_only(uid);
    std::optional<StatusResponse> one =
        fetch_bodies(UidSet(std::vector<UidRange>{{uid, uid}}), filter);
    if (!refusal) refusal = std::move(one);
  }
  return refusal;
}

void Session::Impl::fetch_states(const UidSet& uids, std::optional<std::uint64_t> changed_since,
                                 const std::function<void(const MessageItems&)>& take) {
  const std::uint64_t since = changed_since.value_or(0);
  UidSet seen;
  NoBodies no_bodies;
  const auto fetch = [&] {
    return run_on_uids(
        "UID FETCH", uids,
        [&](Command& command) {
          command.text(requests_modseq() ? FixedText("(UID FLAGS MODSEQ)") : "(UID FLAGS)");
          if (requests_modseq() && since > 0) command.changed_since(since);
        },
        [&](Response& response) {
          const auto* const answer = std::get_if<FetchResponse>(&response);
          if (answer == nullptr || !answer->items.uid) return;
          if (!uids.contains(*answer->items.uid)) return;
          note_shown(seen, *answer->items.uid);
          take(answer->items);
        },
        no_bodies);
  };
  if (const auto refusal = fetch_with_or_without_extensions(fetch)) require_ok(*refusal);
}

std::vector<FixedText> Session::Impl::all_items(bool has_modseq) const {
  std::vector<FixedText> items = {"UID", "FLAGS", "INTERNALDATE", "RFC822.SIZE"};
  if (refuses_fetch_items_) return items;
  if (has_modseq) items.push_back("MODSEQ");
  const std::string_view id = capabilities_.message_id_item();
  if (id == "EMAILID") items.push_back("EMAILID");
  if (id == "X-GM-MSGID") items.push_back("X-GM-MSGID");
  return items;
}

void Session::Impl::fetch_identities(const UidSet& uids,
                                     const std::function<void(const MessageItems&)>& take) {
  const std::uint64_t odd = odd_lines_.count;
  const auto refusal = fetch_items(uids, {"UID", "INTERNALDATE", "RFC822.SIZE"}, take);
  if (refusal) require_ok(*refusal);
  // Callers take a message that is missing here for one that is gone.
  require_all_understood(odd, "UID FETCH");
}

void Session::Impl::fetch_all_but_bodies(const UidSet& uids,
                                         const std::function<void(const MessageItems&)>& take) {
  const auto fetch = [&] { return fetch_items(uids, all_items(), take); };
  if (const auto refusal = fetch_with_or_without_extensions(fetch)) require_ok(*refusal);
}

// A server that announces an extension and does not have it is otherwise a usable one. Where the
// second attempt fails as well, the items were not the reason.
std::optional<StatusResponse> Session::Impl::fetch_with_or_without_extensions(
    const std::function<std::optional<StatusResponse>()>& fetch) {
  std::optional<StatusResponse> refusal = fetch();
  const bool has_extensions = has_modseq_ || !capabilities_.message_id_item().empty();
  const bool is_unknown = refusal && refusal->condition == Condition::kBad;
  if (!is_unknown || !has_extensions || refuses_fetch_items_) return refusal;
  refuses_fetch_items_ = true;
  refusal = fetch();
  refuses_fetch_items_ = !refusal;
  return refusal;
}

std::optional<StatusResponse> Session::Impl::fetch_items(
    const UidSet& uids, const std::vector<FixedText>& items,
    const std::function<void(const MessageItems&)>& take) {
  UidSet seen;
  NoBodies no_bodies;
  return run_on_uids(
      "UID FETCH", uids, [&](Command& command) { command.list(items); },
      [&](Response& response) {
        const auto* const answer = std::get_if<FetchResponse>(&response);
        if (answer == nullptr || !answer->items.uid) return;
        if (!answer->items.internal_date && !answer->items.size) return;  // a flag change
        if (!uids.contains(*answer->items.uid)) return;
        note_shown(seen, *answer->items.uid);
        take(answer->items);
      },
      no_bodies);
}

// Each message that is shown for the first time is progress, so that only this ends a server that
// shows ever more of them.
void Session::Impl::note_shown(UidSet& seen, base::Uid uid) {
  note_progress_if(seen.add(uid));
  if (seen.ranges().size() > limits_.max_items) {
    base::fail(ErrorCode::kProtocol, "the server shows more messages than a folder can hold");
  }
}

StatusResponse Session::Impl::search(FixedText criteria, std::optional<UidSet>& uids) {
  const Connection::Tag tag = start(command("UID SEARCH").text(criteria));
  return finish(tag, [&](Response& response) {
    auto* const answer = std::get_if<SearchResponse>(&response);
    if (answer == nullptr || !answer->has_uids) return;
    if (answer->tag && *answer->tag != tag.text()) return;
    note_progress_if(!uids);
    if (!uids) uids.emplace();
    // Some servers divide the result among several lines; if two contradict each other, a message
    // that one of them has exists.
    for (const UidRange& range : answer->numbers.ranges()) uids->add(range);
    if (uids->ranges().size() > limits_.max_items) {
      base::fail(ErrorCode::kProtocol, "the server found more messages than a folder can hold");
    }
  });
}

UidSet Session::Impl::search_all() {
  std::optional<UidSet> uids;
  if (capabilities_.has("ESEARCH") && !refuses_esearch_) {
    const StatusResponse status = search("RETURN (ALL) ALL", uids);
    refuses_esearch_ = status.condition == Condition::kBad ||
                       (status.condition == Condition::kOk && !uids && exists_ > 0);
    if (!refuses_esearch_) require_ok(status);
  }
  if (!capabilities_.has("ESEARCH") || refuses_esearch_) {
    uids.reset();
    require_ok(search("ALL", uids));
  }
  // A missing response must not look like an empty folder: all messages would count as expunged.
  if (!uids && exists_ > 0) {
    base::fail(ErrorCode::kProtocol, "the server gave no result for a search among {} messages",
               exists_);
  }
  // A few bytes can announce billions, and callers handle the UIDs one by one.
  if (uids && uids->count() > limits_.max_items) {
    base::fail(ErrorCode::kProtocol, "the server found {} messages: more than a folder can hold",
               uids->count());
  }
  return std::move(uids).value_or(UidSet{});
}

namespace {

AppendAnswer to_append_answer(const StatusResponse& status, std::size_t messages) {
  AppendAnswer answer;
  answer.accepted = status.condition == Condition::kOk;
  if (!answer.accepted) {
    answer.reason = refusal_of(status);
    return answer;
  }
  const std::vector<std::string> words = status.code.words();
  if (!status.code.is("APPENDUID") || words.size() != 2) return answer;
  const std::optional<UidSet> validity = UidSet::parse(words[0]);
  const std::optional<UidSet> uids = UidSet::parse(words[1]);
  if (!validity || validity->count() != 1 || !uids || uids->count() != messages) return answer;
  answer.uid_validity = (*validity->begin()).value;
  answer.uids.assign(uids->begin(), uids->end());
  return answer;
}

}  // namespace

bool Session::Impl::has_accepted(const AppendMessage& message) const {
  return std::all_of(message.flags.begin(), message.flags.end(),
                     [this](const std::string& flag) { return accepted_flags_.contains(flag); });
}

void Session::Impl::remember_accepted(std::string_view raw_name,
                                      std::span<const AppendMessage> messages) {
  if (!accepted_folders_.contains(raw_name)) accepted_folders_.emplace(raw_name);
  for (const AppendMessage& message : messages) {
    accepted_flags_.insert(message.flags.begin(), message.flags.end());
  }
}

std::vector<AppendAnswer> Session::Impl::append(std::string_view raw_name,
                                                std::span<const AppendMessage> messages,
                                                Literals literals) {
  bool waits = literals == Literals::kWaiting || !accepted_folders_.contains(raw_name);
  std::vector<Connection::Tag> tags;
  tags.reserve(messages.size());
  for (const AppendMessage& message : messages) {
    tags.push_back(start(command("APPEND").string(raw_name).message(
        message, capabilities_, waits || !has_accepted(message))));
    if (literals == Literals::kAsAllowed) waits = false;
  }
  std::vector<AppendAnswer> answers;
  answers.reserve(messages.size());
  for (std::size_t at = 0; at < tags.size(); ++at) {
    if (connection_.is_dropped(tags[at])) {
      answers.emplace_back().sent = false;
      continue;
    }
    answers.push_back(to_append_answer(finish(tags[at]), 1));
    if (answers.back().accepted) remember_accepted(raw_name, messages.subspan(at, 1));
  }
  return answers;
}

AppendAnswer Session::Impl::append_together(std::string_view raw_name,
                                            std::span<const AppendMessage> messages,
                                            Literals literals) {
  if (messages.empty()) return {.accepted = true, .reason = {}, .uids = {}};
  if (!capabilities_.has("MULTIAPPEND")) {
    base::fail(ErrorCode::kRefused, "the server has no MULTIAPPEND");
  }
  Command appending = command("APPEND").string(raw_name);
  bool waits = literals == Literals::kWaiting || !accepted_folders_.contains(raw_name);
  std::set<std::string_view>
      announced;  // flags of earlier messages, whose line the server accepted
  for (const AppendMessage& message : messages) {
    const bool is_known = std::ranges::all_of(message.flags, [&](const std::string& flag) {
      return accepted_flags_.contains(flag) || announced.contains(flag);
    });
    appending.message(message, capabilities_, waits || !is_known);
    announced.insert(message.flags.begin(), message.flags.end());
    if (literals == Literals::kAsAllowed) waits = false;
  }
  AppendAnswer answer = to_append_answer(run(std::move(appending)), messages.size());
  if (answer.accepted) remember_accepted(raw_name, messages);
  return answer;
}

}  // namespace imap
