// Extensions: facts about a whole store that its commits carry (docs/pack-format.md, "Extensions").
// A program keeps those that it does not know, and refrains from what they forbid.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace store {

// The format of the stores that this mailstow writes. Stores without a format extension have 1.
inline constexpr std::uint64_t kStoreFormat = 2;

// What a program must not do if it does not know an extension's tag; each includes all before it.
enum class Forbids : std::uint8_t {
  kNothing,
  kDropping,  // snapshots, and the content of packs
  kWriting,
  kReading,
};

struct Extension {
  std::uint64_t tag = 0;  // the kind, from 1
  std::string name;       // of one with this tag
  Forbids forbids = Forbids::kNothing;
  std::string content;  // any bytes; empty: the extension with this tag and name ends
  bool operator==(const Extension&) const = default;
};

// The extension that gives the store's format, which every mailstow that knows extensions knows.
inline constexpr std::uint64_t kFormatTag = 1;
Extension format_extension(std::uint64_t format = kStoreFormat);

// The format of a store with these extensions. Fails with kDamaged.
std::uint64_t format_of(std::span<const Extension> extensions);

// What exists, by tag and name, after `later` were added to `earlier`. Neither has two with one tag
// and name.
std::vector<Extension> merged(std::span<const Extension> earlier, std::span<const Extension> later);

// Fails with kConfig if the store has a newer format, or an extension that forbids `use` to this
// mailstow, because a newer version wrote it. The message begins with `operation`.
void require_allowed(std::span<const Extension> extensions, Forbids use,
                     std::string_view operation);

}  // namespace store
