#include "store/format/extension.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "base/bytes.h"
#include "base/error.h"
#include "store/format/encoding.h"

namespace store {

namespace {

constexpr std::uint64_t kFirstStoreFormat = 1;

}  // namespace

Extension format_extension(std::uint64_t format) {
  Encoder encoder;
  encoder.varint(format);
  return {.tag = kFormatTag,
          .name = {},
          .forbids = Forbids::kReading,
          .content = base::to_text(encoder.view())};
}

std::uint64_t format_of(std::span<const Extension> extensions) {
  const auto found = std::ranges::find(extensions, kFormatTag, &Extension::tag);
  if (found == extensions.end()) return kFirstStoreFormat;
  Decoder decoder(base::as_bytes(found->content), "the store's format");
  const std::uint64_t format = decoder.varint();
  decoder.end();
  return format;
}

std::vector<Extension> merged(std::span<const Extension> earlier,
                              std::span<const Extension> later) {
  std::map<std::pair<std::uint64_t, std::string>, Extension> all;
  for (const Extension& extension : earlier) all[{extension.tag, extension.name}] = extension;
  for (const Extension& extension : later) all[{extension.tag, extension.name}] = extension;
  std::vector<Extension> existing;
  for (auto& [key, extension] : all) {
    if (!extension.content.empty()) existing.push_back(std::move(extension));
  }
  return existing;
}

void require_allowed(std::span<const Extension> extensions, Forbids use,
                     std::string_view operation) {
  const bool is_forbidden = std::ranges::any_of(extensions, [use](const Extension& extension) {
    return extension.tag != kFormatTag && extension.forbids >= use;
  });
  if (!is_forbidden && format_of(extensions) <= kStoreFormat) return;
  base::fail(base::ErrorCode::kConfig,
             "{}: a newer version of mailstow wrote to this store: update mailstow", operation);
}

}  // namespace store
