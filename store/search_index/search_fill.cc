#include <algorithm>

#include "base/error.h"
#include "base/log.h"
#include "store/message/split.h"
#include "store/search_index/search_index.h"

namespace store {

namespace {

class Fill {
 public:
  Fill(const BlockContext& context, SearchIndex& search) : context_(context), search_(search) {}

  void add_pack(PackFile& file, const PackName& name) {
    const Pack pack = file.read_trailer(context_, name, decompressor_);
    for (std::size_t ordinal = 0; ordinal < pack.blocks.size(); ++ordinal) {
      if (pack.blocks[ordinal].stream == Stream::kRecords) add_block(file, pack, ordinal);
    }
    search_.finish(name);
  }

 private:
  void add_block(PackFile& file, const Pack& pack, std::size_t ordinal) {
    const BlockEntry& block = pack.blocks[ordinal];
    base::Bytes plain;
    try {
      plain = open_block(context_, block.header(pack.id, ordinal),
                         file.read_block(block.place, block.sealed_length), decompressor_,
                         fmt::format("{}: block {}", file.name(), ordinal));
    } catch (const base::Error& error) {
      if (error.code() != base::ErrorCode::kDamaged) throw;
      base::log_warning("fill the search index: {}", error.what());
      return;
    }
    for (const ObjectEntry& object : block.objects) {
      if (object.start + std::uint64_t{object.length} > plain.size()) return;
      add_record(object.id, base::ByteView(plain).subspan(object.start, object.length));
    }
  }

  void add_record(const ObjectId& message, base::ByteView record) {
    base::ByteView header;
    try {
      header = header_of(record);
    } catch (const base::Error& error) {
      base::log_warning("fill the search index: message {}: {}", message.hex(), error.what());
      return;
    }
    search_.add_header(message, header);
  }

  const BlockContext& context_;
  SearchIndex& search_;
  Decompressor decompressor_;
};

}  // namespace

void fill_search_index(const Location& location, base::FileSystem& files,
                       const BlockContext& context, Index& index, SearchIndex& search) {
  std::vector<PackName> wanted = index.packs();
  std::vector<PackName> known = search.packs();
  std::ranges::sort(wanted);
  std::ranges::sort(known);
  std::vector<PackName> gone;
  std::ranges::set_difference(known, wanted, std::back_inserter(gone));
  search.forget_packs(gone);
  std::vector<PackName> missing;
  std::ranges::set_difference(wanted, known, std::back_inserter(missing));
  const std::shared_ptr<Storage> storage = storage_of(location, files);
  Fill fill(context, search);
  for (const PackName& name : missing) {
    try {
      std::optional<PackFile> pack = PackFile::find(*storage, name, index.size_of(name));
      if (pack) fill.add_pack(*pack, name);
    } catch (const base::Error& error) {
      if (error.code() != base::ErrorCode::kDamaged && error.code() != base::ErrorCode::kIo) throw;
      base::log_warning("fill the search index: {}", error.what());
    }
  }
}

}  // namespace store
