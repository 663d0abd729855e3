// Any bytes as a message: the message can be rebuilt from its record and parts.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "store/message/split.h"
#include "tests/fuzz/fuzzer.h"

namespace {

// An ID is the number of the part.
class Parts : public store::PartSink, public store::PartSource {
 public:
  explicit Parts(std::size_t largest) : largest_(largest) {}

  store::ObjectId put(store::PartKind, base::ByteView bytes) override {
    if (bytes.empty() || bytes.size() > largest_) std::abort();
    store::ObjectId id;
    const std::size_t number = parts_.size();
    std::memcpy(id.bytes.data(), &number, sizeof number);
    parts_.emplace_back(bytes.begin(), bytes.end());
    return id;
  }

  base::ByteView get(store::PartKind, const store::ObjectId& id) override {
    std::size_t number = 0;
    std::memcpy(&number, id.bytes.data(), sizeof number);
    return parts_.at(number);
  }

 private:
  std::size_t largest_;
  std::vector<base::Bytes> parts_;
};

}  // namespace

// The first bytes select small limits, so that short inputs reach every path through the splitter.
MAILSTOW_FUZZER(store_split_fuzz) {
  constexpr std::size_t kLimits = 5;
  if (size < kLimits) return 0;
  const store::SplitLimits limits{.largest_part = 3 + std::size_t{data[0]},
                                  .smallest_leaf = data[1],
                                  .largest_inline = data[2],
                                  .smallest_text_leaf = data[3],
                                  .largest_header = 2 * std::size_t{data[4]}};
  const base::ByteView message = std::as_bytes(std::span(data + kLimits, size - kLimits));
  Parts parts(limits.largest_part);
  const base::Bytes record = store::split(message, parts, limits);
  base::Bytes rebuilt;
  store::rebuild(record, parts, [&](base::ByteView piece) {
    rebuilt.insert(rebuilt.end(), piece.begin(), piece.end());
  });
  if (!std::ranges::equal(rebuilt, message)) std::abort();
  if (store::message_size(record) != message.size()) std::abort();
  return 0;
}
