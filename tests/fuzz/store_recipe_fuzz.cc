// Any bytes as a record: it is refused with kDamaged or rebuilds a message of the size it says, and
// never reads, allocates or gives out more than its bytes can bear out.
#include <cstdlib>

#include "base/error.h"
#include "store/message/recipe.h"
#include "store/message/split.h"

namespace {

// Says that it has every part, as long as the record wants it, up to a bound.
class AnyPart : public store::PartSource {
 public:
  explicit AnyPart(base::ByteView record) {
    store::RecipeReader recipe(record);
    while (!recipe.ended()) std::visit(*this, recipe.next());
  }

  void operator()(const store::InlineText&) {}
  void operator()(const store::TextPart& text) { want(text.part); }
  void operator()(const store::Base64Leaf& leaf) {
    for (const store::PartRef& part : leaf.parts) want(part);
  }

  base::ByteView get(store::PartKind, const store::ObjectId&) override {
    if (next_ == lengths_.size()) std::abort();
    const std::uint64_t length = lengths_[next_++];
    constexpr std::uint64_t kLargest = std::uint64_t{1} << 20U;
    if (length > kLargest) base::fail(base::ErrorCode::kDamaged, "too large for this test");
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

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
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
