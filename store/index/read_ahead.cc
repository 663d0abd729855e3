#include "store/index/read_ahead.h"

#include <algorithm>
#include <exception>
#include <optional>
#include <span>
#include <system_error>
#include <utility>

#include <fmt/core.h>

#include "base/log.h"

namespace store {

namespace {

constexpr std::uint64_t kMaxRun = std::uint64_t{8} << 20;

std::uint64_t sealed_size(const BlockToRead& block) {
  return BlockHeader::kSize + block.place.sealed_length;
}

// The index may describe them wrongly.
bool has_valid_size(const BlockToRead& block) {
  return block.place.plain_length <= kMaxBlock && block.place.sealed_length <= kMaxBlock;
}

// How many of the blocks, from the first on, lie next to each other, and their size in the pack.
std::pair<std::size_t, std::uint64_t> first_run(std::span<const BlockToRead> blocks) {
  std::size_t count = 1;
  std::uint64_t size = sealed_size(blocks.front());
  while (count < blocks.size()) {
    const BlockToRead& next = blocks[count];
    const bool is_neighbour = next.place.pack == blocks.front().place.pack &&
                              next.place.offset == blocks.front().place.offset + size;
    if (!is_neighbour || size + sealed_size(next) > kMaxRun) break;
    size += sealed_size(next);
    ++count;
  }
  return {count, size};
}

}  // namespace

ReadAhead::ReadAhead(Storage& storage, const BlockContext& context)
    : storage_(storage), context_(context) {}

ReadAhead::~ReadAhead() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void ReadAhead::request(std::vector<BlockToRead> blocks) {
  std::erase_if(blocks, [](const BlockToRead& block) { return !has_valid_size(block); });
  if (blocks.empty()) return;
  try {
    if (!thread_.joinable()) thread_ = std::thread([this] { work(); });
  } catch (const std::system_error& error) {
    base::log_debug("read ahead: start a thread: {}", error.what());
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    requested_ = std::move(blocks);
    is_requested_ = true;
  }
  changed_.notify_all();
}

std::vector<OpenedBlock> ReadAhead::collect() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !is_requested_ && !is_reading_; });
  return std::exchange(opened_, {});
}

void ReadAhead::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return is_stopping_ || is_requested_; });
    if (is_stopping_) return;
    std::vector<BlockToRead> blocks = std::exchange(requested_, {});
    is_requested_ = false;
    is_reading_ = true;
    lock.unlock();
    std::vector<OpenedBlock> opened = read_all(std::move(blocks));
    lock.lock();
    opened_ = std::move(opened);
    is_reading_ = false;
    changed_.notify_all();
  }
}

std::vector<OpenedBlock> ReadAhead::read_all(std::vector<BlockToRead> blocks) {
  std::vector<OpenedBlock> opened;
  try {
    std::ranges::sort(blocks, {}, &BlockToRead::block);
    std::optional<PackFile> pack;
    std::optional<PackName> open;
    for (std::span<const BlockToRead> rest = blocks; !rest.empty() && !is_stopping();) {
      const auto [count, size] = first_run(rest);
      const BlockPlace& first = rest.front().place;
      if (open != first.pack) {
        pack.emplace(PackFile::open(storage_, first.pack));
        open = first.pack;
      }
      const base::Bytes run = pack->read_run(first.offset, static_cast<std::size_t>(size));
      for (base::ByteView sealed = run; const BlockToRead& block : rest.first(count)) {
        const auto length = static_cast<std::size_t>(sealed_size(block));
        opened.push_back({.block = block.block,
                          .bytes = std::make_shared<const base::Bytes>(
                              open_block(context_, block.place.header(), sealed.first(length),
                                         decompressor_, pack->name()))});
        sealed = sealed.subspan(length);
      }
      rest = rest.subspan(count);
    }
  } catch (const std::exception& error) {
    base::log_debug("read ahead: {}", error.what());
  }
  return opened;
}

bool ReadAhead::is_stopping() {
  const std::lock_guard lock(mutex_);
  return is_stopping_;
}

}  // namespace store
