// Looks for a text in all memory of a process that it can write to, freed memory included.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/handle.h"

namespace tests {

class MemorySearch {
 public:
  explicit MemorySearch(std::string_view text) : size_(text.size()) {
    void* const area =
        ::mmap(nullptr, kOwnArea, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (area == MAP_FAILED) throw std::bad_alloc();
    own_ = static_cast<char*>(area);
    std::ranges::copy(text, own_);
  }
  MemorySearch(const MemorySearch&) = delete;
  MemorySearch& operator=(const MemorySearch&) = delete;
  ~MemorySearch() { ::munmap(own_, kOwnArea); }

  // The regions of the copies in this process, as /proc/self/maps names them.
  std::vector<std::string> found() const { return found_in(kThisProcess); }

  // The same in another process, by its number.
  std::vector<std::string> found_in(const std::string& process) const {
    const base::Fd memory(::open(("/proc/" + process + "/mem").c_str(), O_RDONLY | O_CLOEXEC));
    std::ifstream maps("/proc/" + process + "/maps");
    const bool has_own = process == kThisProcess;
    std::vector<std::string> found;
    for (std::string line; std::getline(maps, line);) {
      unsigned long begin = 0;
      unsigned long end = 0;
      char write = '-';
      if (std::sscanf(line.c_str(), "%lx-%lx %*c%c", &begin, &end, &write) != 3) continue;
      // There the test itself typed what it searches for: what it tests has threads of its own.
      if (line.ends_with("[stack]")) continue;
      // A sanitizer's own tables are larger than all that the process has.
      if (write != 'w' || end - begin > kMaxRegion) continue;
      found.insert(found.end(), count_in(memory, begin, end, has_own), line);
    }
    return found;
  }

 private:
  static constexpr const char* kThisProcess = "self";
  static constexpr std::size_t kOwnArea = std::size_t{2} << 20U;
  static constexpr std::size_t kPiece = std::size_t{1} << 20U;
  static constexpr std::size_t kMaxRegion = std::size_t{256} << 20U;

  std::size_t count_in(const base::Fd& memory, std::uintptr_t begin, std::uintptr_t end,
                       bool has_own) const {
    char* const piece = own_ + kPiece;  // the text is before it
    std::size_t found = 0;
    // The pieces overlap, so that no copy is cut.
    for (std::uintptr_t at = begin; at + size_ <= end; at += kPiece - size_) {
      const ssize_t got = ::pread(memory.get(), piece, std::min<std::size_t>(kPiece, end - at),
                                  static_cast<off_t>(at));
      if (got <= 0) continue;
      const char* const piece_end = piece + got;
      const char* next = piece;
      while (const void* const hit =
                 ::memmem(next, static_cast<std::size_t>(piece_end - next), own_, size_)) {
        const auto offset = static_cast<const char*>(hit) - piece;
        const bool is_counted = !has_own || !is_own(at + static_cast<std::uintptr_t>(offset));
        found += is_counted ? 1U : 0U;
        next = static_cast<const char*>(hit) + 1;
      }
    }
    return found;
  }

  bool is_own(std::uintptr_t address) const {
    const auto own = reinterpret_cast<std::uintptr_t>(own_);
    return address >= own && address < own + kOwnArea;
  }

  char* own_ = nullptr;  // outside the heap
  std::size_t size_;
};

}  // namespace tests
