// Checks of answers about one object: whether they come from object storage, and have what was
// requested. All fail with a StorageError otherwise (fail_as_strange(), s3_problem.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/http/http_client.h"
#include "store/storage/s3_bucket.h"

namespace store {

// The place of a part in its object.
struct ContentRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint64_t object_size = 0;
};

// Nullopt: it is not a number.
std::optional<std::uint64_t> number_in(std::string_view text);

// An answer with an object, or to HEAD.
void require_object(const S3Request& request, const base::HttpAnswer& answer);

// Without a length, a body that was cut off looks whole.
void require_length(const S3Request& request, const base::HttpAnswer& answer);

// An answer to PUT.
void require_written(const S3Request& request, const base::HttpAnswer& answer);

// The place of a part that was requested, and is not longer than that.
ContentRange require_range(const S3Request& request, const base::HttpAnswer& answer);

[[noreturn]] void fail_as_another_range(const S3Request& request);

}  // namespace store
