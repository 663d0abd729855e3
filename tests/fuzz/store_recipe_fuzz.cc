// Any bytes as a message record: it is rejected with kDamaged or rebuilds a message of its declared
// size, and never reads, allocates or returns more than its bytes justify.
#include <cstdlib>

#include "base/error.h"
#include "store/message/recipe.h"
#include "store/message/split.h"
#include "tests/fuzz/fuzzer.h"

namespace {

// Claims to have every part, with the length that the record requests, up to a limit.
class AnyPart : public store::PartSource {
 public:
  explicit AnyPart(base::ByteView record) {
    store::RecipeReader recipe(record);
    while (!recipe.ended()) std::visit(*this, recipe.next());
  }

  void operator()(const store::InlineText&) {}
  void operator()(const store::TextPart& text) { want(text.part); }
  void operator()(const store::Base64Body& body) {
    for (const store::PartRef& part : body.parts) want(part);
  }

  base::ByteView get(store::PartKind, const store::ObjectId&) override {
    if (next_ == lengths_.size()) std::abort();
    const std::uint64_t length = lengths_[next_++];
    constexpr std::uint64_t kMaxPart = std::uint64_t{1} << 20U;
    if (length > kMaxPart) base::fail(base::ErrorCode::kDamaged, "too large for this test");
    part_.resize(length);
    return part_;
  }

 private:
  void want(const store::PartRef& part) { lengths_.push_back(part.length); }

  std::vector<std::uint64_t> lengths_;
  std::size_t next_ = 0;
  base::Bytes part_;
};

}  // namespace

MAILSTOW_FUZZER(store_recipe_fuzz) {
  const base::ByteView record = std::as_bytes(std::span(data, size));
  try {
    const std::uint64_t message_size = store::message_size(record);
    const std::size_t parts = store::parts_of(record).size();
    if (parts * store::ObjectId::kSize > size) std::abort();
    AnyPart source(record);
    std::uint64_t rebuilt = 0;
    store::rebuild(record, source, [&](base::ByteView piece) { rebuilt += piece.size(); });
    if (rebuilt != message_size) std::abort();
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kDamaged) std::abort();
  }
  return 0;
}
