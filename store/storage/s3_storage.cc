#include "store/storage/s3_storage.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <random>
#include <set>
#include <span>
#include <utility>

#include <fmt/core.h>
#include <unistd.h>

#include "base/error.h"
#include "base/terminal.h"
#include "store/storage/patient_storage.h"
#include "store/storage/s3_document.h"
#include "store/storage/s3_object_answer.h"
#include "store/storage/s3_versions.h"

namespace store {

namespace {

using base::ErrorCode;
using base::HttpVerb;
using ProblemKind = S3Problem::Kind;

// A page may be empty, where deleted objects fill it, but more than these are a server that goes in
// circles.
constexpr int kMaxPagesWithoutProgress = 100;

// Larger ones are behind the end of everything.
constexpr std::uint64_t kMaxOffset = std::numeric_limits<std::int64_t>::max() / 2;

void add_refusals(const S3DeletionResult& result, const S3Request& request,
                  std::span<const BlobName> names, const std::vector<std::string>& keys,
                  std::vector<NotRemoved>& left) {
  std::set<std::string, std::less<>> answered(result.deleted.begin(), result.deleted.end());
  for (const S3DeletionResult::Failure& failure : result.failures) {
    const std::string why =
        fmt::format("{}: {} ({})", request.operation, base::escape_for_terminal(failure.code),
                    base::escape_for_terminal(failure.message));
    if (is_passing_s3_code(failure.code)) throw StorageError(Trouble::kUnanswered, why);
    answered.insert(failure.key);
    const auto found = std::ranges::find(keys, failure.key);
    if (failure.code == "NoSuchKey" || found == keys.end()) continue;
    const BlobName& name = names[static_cast<std::size_t>(found - keys.begin())];
    left.push_back({.name = name,
                    .why = fmt::format("remove {}: the storage refused: {} ({})", failure.key,
                                       base::escape_for_terminal(failure.code),
                                       base::escape_for_terminal(failure.message))});
  }
  if (!std::ranges::all_of(keys, [&](const std::string& key) { return answered.contains(key); })) {
    fail_as_strange(request.operation, "it does not name all objects");
  }
}

}  // namespace

// In a file without a name until it is published.
class S3Storage::S3Upload : public Upload {
 public:
  S3Upload(S3Storage& storage, std::string_view area)
      : storage_(storage), area_(area), digest_(storage.needs_md5()) {
    BlobName::require_area(area);
    file_ = storage.spool_file();
  }

  void write(base::ByteView bytes) override {
    if (!file_) fail_as_unusable();
    try {
      file_->write(bytes);
      digest_.add(bytes);
      size_ += bytes.size();
    } catch (...) {
      file_.reset();
      throw;
    }
  }

  void publish(std::string_view key) override {
    const BlobName name(area_, key);
    if (!file_) fail_as_unusable();
    if (digest_.sha256().empty()) digest_.finish();
    // The answer to an earlier attempt may have been lost. The name stands for these bytes.
    if (std::exchange(was_sent_, true) && storage_.size(name) == size_) return;
    const base::HttpBody body{.size = size_,
                              .read_at = [this](std::uint64_t offset, std::span<std::byte> out) {
                                return file_->read_at(offset, out);
                              }};
    storage_.put_object(name, storage_.put_request(name, body, digest_, Object::kPack));
  }

 private:
  [[noreturn]] void fail_as_unusable() const {
    base::fail(ErrorCode::kIo, "upload to {}: an earlier write failed", storage_.display_name());
  }

  S3Storage& storage_;
  std::string area_;
  ContentDigest digest_;
  std::unique_ptr<base::File> file_;
  std::uint64_t size_ = 0;
  bool was_sent_ = false;
};

S3Storage::S3Storage(base::S3Config config, base::Path spool, base::FileSystem& files,
                     base::Clock& clock, const StorageTraits& proven)
    : bucket_(std::move(config), clock),
      locks_(bucket_, clock),
      spool_(std::move(spool)),
      files_(files),
      proven_(proven) {}

void S3Storage::put(const BlobName& name, base::ByteView bytes) {
  put_object(
      name, put_request(name, base::body_of(bytes), digest_of(bytes, needs_md5()), Object::kOther));
}

std::unique_ptr<Upload> S3Storage::upload(std::string_view area) {
  if (locks_.covers(area)) locks_.require_proof();  // before the work of filling it
  return std::make_unique<S3Upload>(*this, area);
}

Created S3Storage::create(const BlobName& name, base::ByteView bytes) {
  const std::optional<bool> is_new =
      proven_.creates_once ? put_if_absent(name, bytes) : std::nullopt;
  if (!is_new) {
    base::fail(ErrorCode::kInternal, "create {}: this storage was not proven to create once",
               display_name(name));
  }
  return *is_new ? Created::kYes : compare_with_existing(*this, name, bytes);
}

std::optional<Created> S3Storage::try_create(const BlobName& name, base::ByteView bytes) {
  const std::optional<bool> is_new = put_if_absent(name, bytes);
  if (!is_new) return std::nullopt;
  return *is_new ? Created::kYes : compare_with_existing(*this, name, bytes);
}

std::optional<bool> S3Storage::put_if_absent(const BlobName& name, base::ByteView bytes) {
  S3Request request =
      put_request(name, base::body_of(bytes), digest_of(bytes, needs_md5()), Object::kOther);
  request.headers.emplace_back("If-None-Match: *");
  const S3Answer answer = bucket_.send(request);
  if (answer.problem && answer.problem->kind == ProblemKind::kUnsupported) return std::nullopt;
  if (answer.problem && answer.problem->kind == ProblemKind::kExists) return false;
  if (answer.problem) bucket_.fail(request, *answer.problem);
  require_written(request, answer.http);
  chosen_.forget(std::span(&name, 1));
  return true;
}

void S3Storage::replace(const BlobName& name, base::ByteView bytes) {
  put(name, bytes);
}

std::optional<base::Bytes> S3Storage::get(const BlobName& name, std::uint64_t limit) {
  S3Request read = read_request("read", name);
  read.max_body = static_cast<std::size_t>(limit);
  std::optional<base::HttpAnswer> answer = get_object(read);
  if (!answer) return std::nullopt;
  if (answer->is_cut) {
    const std::string size(answer->header("content-length").value_or("more"));
    base::fail(ErrorCode::kDamaged, "{}: {} bytes, at most {} expected", read.operation,
               base::escape_for_terminal(size), limit);
  }
  return std::move(answer->body);
}

std::optional<std::size_t> S3Storage::read_at(const BlobName& name, std::uint64_t offset,
                                              std::span<std::byte> out) {
  if (out.empty() || offset > kMaxOffset) {
    return size(name) ? std::optional<std::size_t>(0) : std::nullopt;
  }
  return read_part(read_request("read", name), offset, out);
}

std::optional<std::size_t> S3Storage::read_version_at(const BlobName& name, const std::string& id,
                                                      std::uint64_t offset,
                                                      std::span<std::byte> out) {
  if (out.empty() || offset > kMaxOffset) return 0;
  return read_part(version_request("read", name, id), offset, out);
}

std::optional<std::size_t> S3Storage::read_part(S3Request read, std::uint64_t offset,
                                                std::span<std::byte> out) {
  read.headers.push_back(fmt::format("Range: bytes={}-{}", offset, offset + out.size() - 1));
  read.max_body = out.size();
  const std::optional<base::HttpAnswer> answer = get_object(read);
  if (!answer) return std::nullopt;
  if (answer->status == 416) return 0;
  const ContentRange range = require_range(read, *answer);
  const std::uint64_t expected = std::min<std::uint64_t>(out.size(), range.object_size - offset);
  if (range.first != offset || answer->body.size() != expected) fail_as_another_range(read);
  std::ranges::copy(answer->body, out.begin());
  return answer->body.size();
}

std::optional<BlobTail> S3Storage::get_tail(const BlobName& name, std::size_t size_limit) {
  if (size_limit == 0) {
    const std::optional<std::uint64_t> blob_size = size(name);
    if (!blob_size) return std::nullopt;
    return BlobTail{.blob_size = *blob_size, .bytes = {}};
  }
  S3Request read = read_request("read", name);
  read.headers.push_back(fmt::format("Range: bytes=-{}", size_limit));
  read.max_body = size_limit;
  std::optional<base::HttpAnswer> answer = get_object(read);
  if (!answer) return std::nullopt;
  if (answer->status == 416) return BlobTail{};    // only an empty blob has no such range
  if (answer->status == 200 && !answer->is_cut) {  // some give a whole object without a range
    return BlobTail{.blob_size = answer->body.size(), .bytes = std::move(answer->body)};
  }
  const ContentRange range = require_range(read, *answer);
  const bool is_end = range.last + 1 == range.object_size &&
                      answer->body.size() == std::min<std::uint64_t>(size_limit, range.object_size);
  if (!is_end) fail_as_another_range(read);
  return BlobTail{.blob_size = range.object_size, .bytes = std::move(answer->body)};
}

std::optional<std::uint64_t> S3Storage::size(const BlobName& name) {
  S3Request look = read_request("look up", name);
  look.verb = HttpVerb::kHead;
  const S3Answer answer = bucket_.send(look);
  // An error without a body has no code: blob and bucket look alike.
  if (answer.problem) {
    if (answer.http.status == 429 || answer.http.status >= 500) bucket_.fail(look, *answer.problem);
    return size_by_reading(name);
  }
  require_object(look, answer.http);
  const auto length = number_in(answer.http.header("content-length").value_or(""));
  return length ? length : size_by_reading(name);
}

std::optional<std::uint64_t> S3Storage::size_by_reading(const BlobName& name) {
  S3Request look = read_request("look up", name);
  look.headers.emplace_back("Range: bytes=0-0");
  look.max_body = 1;
  const std::optional<base::HttpAnswer> answer = get_object(look);
  if (!answer) return std::nullopt;
  if (answer->status == 416 || (answer->status == 200 && answer->body.empty())) return 0;
  return require_range(look, *answer).object_size;
}

// Nullopt: it is absent. Status 416 is an answer too.
std::optional<base::HttpAnswer> S3Storage::get_object(const S3Request& request) {
  S3Answer answer = bucket_.send(request);
  if (answer.problem) {
    if (answer.problem->kind == ProblemKind::kAbsent) return std::nullopt;
    if (answer.problem->code == "InvalidRange") return std::move(answer.http);
    bucket_.fail(request, *answer.problem);
  }
  require_object(request, answer.http);
  require_length(request, answer.http);
  return std::move(answer.http);
}

std::vector<std::string> S3Storage::list(std::string_view area, std::string_view prefix,
                                         std::string_view after) {
  BlobName::require_area(area);
  const std::string directory = directory_of(area);
  std::set<std::string> keys;
  const std::string wanted = directory + std::string(prefix);
  std::string last = after.empty() ? "" : directory + std::string(after);
  std::string token;
  int pages_without_progress = 0;
  while (true) {
    S3Request page{.operation = fmt::format("list {}/{}", display_name(), area),
                   .max_body = kMaxS3Document,
                   .is_document = true};
    if (!token.empty()) page.query.emplace_back("continuation-token", token);
    page.query.emplace_back("encoding-type", "url");
    page.query.emplace_back("list-type", "2");
    page.query.emplace_back("prefix", wanted);
    if (token.empty() && !last.empty()) page.query.emplace_back("start-after", last);
    const auto listing = parse_s3_listing(bucket_.get(page).body);
    if (!listing) fail_as_strange(page.operation, "it is not a listing");
    const std::vector<std::string>& prefixes = listing->prefixes;
    if (!prefixes.empty() && std::ranges::find(prefixes, wanted) == prefixes.end()) {
      fail_as_strange(page.operation, "it lists something else");
    }
    for (const std::string& key : listing->keys) {
      if (!key.starts_with(directory)) continue;
      const std::string_view name = std::string_view(key).substr(directory.size());
      if (BlobName::is_key(name) && name.starts_with(prefix) && name > after) keys.emplace(name);
    }
    if (!listing->is_truncated) break;
    const std::string end = listing->keys.empty() ? last : listing->keys.back();
    pages_without_progress = end > last ? 0 : pages_without_progress + 1;
    const bool is_stuck = pages_without_progress >= kMaxPagesWithoutProgress;
    if (is_stuck || (listing->next_token.empty() ? end <= last : listing->next_token == token)) {
      fail_as_strange(page.operation, "its pages do not follow each other");
    }
    last = std::max(last, end);
    token = listing->next_token;
  }
  std::vector<std::string> found(keys.begin(), keys.end());
  chosen_.add_keys(area, prefix, after, found);
  return found;
}

std::vector<NotRemoved> S3Storage::remove(std::span<const BlobName> names) {
  std::vector<NotRemoved> left;
  while (!names.empty()) {
    const std::size_t count = std::min(names.size(), kMaxS3Deletions);
    delete_page(names.first(count), left);
    chosen_.forget(names.first(count));
    names = names.subspan(count);
  }
  return left;
}

void S3Storage::delete_page(std::span<const BlobName> names, std::vector<NotRemoved>& left) {
  std::vector<std::string> keys;
  for (const BlobName& name : names) keys.push_back(key_of(name));
  const std::string document = s3_deletion_request(keys);
  const ContentDigest digest = digest_of(base::as_bytes(document), ContentDigest::Md5::kYes);
  const S3Request page{
      .operation = fmt::format("remove {} blobs from {}", keys.size(), display_name()),
      .verb = HttpVerb::kPost,
      .query = {{"delete", ""}},
      .headers = {"Content-Type: application/xml", "Content-MD5: " + digest.md5()},
      .body = base::body_of(base::as_bytes(document)),
      .sha256 = digest.sha256(),
      .max_body = kMaxS3Document,
      .is_document = true};
  const S3Answer answer = bucket_.send(page);
  if (answer.problem && answer.problem->code == "AccessDenied" &&
      answer.problem->kind == ProblemKind::kRefused) {
    for (const BlobName& name : names) {
      left.push_back({.name = name,
                      .why = fmt::format("remove {}: the storage refused: {}", display_name(name),
                                         answer.problem->message)});
    }
    return;
  }
  if (answer.problem) bucket_.fail(page, *answer.problem);
  const auto result = parse_s3_deletion(answer.http.body);
  if (!result) fail_as_strange(page.operation, "it is not a result of deletions");
  add_refusals(*result, page, names, keys, left);
}

bool S3Storage::keeps_versions() {
  const std::lock_guard lock(mutex_);
  if (!keeps_versions_) {
    const BucketVersions kept = versions_kept_in(bucket_);
    keeps_versions_ = kept == BucketVersions::kUnknown ? lock_for().has_value()
                                                       : kept != BucketVersions::kNotKept;
  }
  return *keeps_versions_;
}

std::vector<KeptVersion> S3Storage::versions(const BlobName& name) {
  return list_versions(bucket_, key_of(name), "list the versions of " + display_name(name));
}

std::vector<BlobVersion> S3Storage::first_versions(std::string_view area) {
  BlobName::require_area(area);
  return list_first_versions(bucket_, area, directory_of(area),
                             fmt::format("list the versions in {}/{}", display_name(), area));
}

LockExtension S3Storage::extend_lock(const BlobVersion& blob) {
  locks_.require_proof();
  return locks_.extend(display_name(blob.name), key_of(blob.name), blob.id);
}

std::string S3Storage::display_name() const {
  const base::S3Config& config = bucket_.config();
  return fmt::format("s3://{}{}{}", config.bucket, config.prefix.empty() ? "" : "/", config.prefix);
}

std::string S3Storage::display_name(const BlobName& name) const {
  return display_name() + '/' + name.text();
}

std::string S3Storage::directory_of(std::string_view area) const {
  const std::string& prefix = bucket_.config().prefix;
  return fmt::format("{}{}{}/", prefix, prefix.empty() ? "" : "/", area);
}

std::string S3Storage::key_of(const BlobName& name) const {
  const std::string& prefix = bucket_.config().prefix;
  return prefix.empty() ? name.text() : prefix + '/' + name.text();
}

S3Request S3Storage::request(std::string_view operation, const BlobName& name) const {
  return {.operation = fmt::format("{} {}", operation, display_name(name)), .key = key_of(name)};
}

S3Request S3Storage::version_request(std::string_view operation, const BlobName& name,
                                     const std::string& id) const {
  S3Request read = request(operation, name);
  if (!id.empty()) read.query.emplace_back("versionId", id);
  return read;
}

S3Request S3Storage::read_request(std::string_view operation, const BlobName& name) const {
  return version_request(operation, name, chosen_.of(name));
}

S3Request S3Storage::put_request(const BlobName& name, base::HttpBody body,
                                 const ContentDigest& digest, Object object) {
  S3Request put = request("write", name);
  put.verb = HttpVerb::kPut;
  put.headers = put_headers(name, digest, object);
  put.body = std::move(body);
  put.sha256 = digest.sha256();
  put.max_body = base::HttpAnswer::kMaxErrorBody;
  put.is_document = true;
  return put;
}

// All that an object has besides its bytes is decided here.
std::vector<std::string> S3Storage::put_headers(const BlobName& name, const ContentDigest& digest,
                                                Object object) {
  std::vector<std::string> headers{"Content-Type: application/octet-stream"};
  const std::string& storage_class = bucket_.config().storage_class;
  if (object == Object::kPack && !storage_class.empty()) {
    headers.push_back("x-amz-storage-class: " + storage_class);
  }
  if (!digest.md5().empty()) headers.push_back("Content-MD5: " + digest.md5());
  if (locks_.covers(name.area())) {
    locks_.require_proof();
    for (std::string& header : locks_.headers()) headers.push_back(std::move(header));
  }
  return headers;
}

// Object lock demands it.
ContentDigest::Md5 S3Storage::needs_md5() const {
  return bucket_.config().lock_for ? ContentDigest::Md5::kYes : ContentDigest::Md5::kNo;
}

void S3Storage::put_object(const BlobName& name, const S3Request& request) {
  require_written(request, bucket_.get(request));
  chosen_.forget(std::span(&name, 1));
}

// Gone with the process, or when it is closed.
std::unique_ptr<base::File> S3Storage::spool_file() {
  static std::atomic<unsigned> counter = 0;
  base::make_directories(files_, spool_);
  base::Path path;
  do {
    path = spool_ / fmt::format(".mailstow-spool-{}-{}", ::getpid(), counter++);
  } while (files_.modified(path));
  std::unique_ptr<base::File> file = files_.create(path);
  files_.remove(path);
  return file;
}

std::shared_ptr<Storage> open_s3_storage(const base::S3Config& config, const base::Path& spool,
                                         base::FileSystem& files, base::Clock& clock,
                                         const StorageTraits& proven,
                                         std::chrono::milliseconds patience) {
  struct Opened {
    Opened(const base::S3Config& config, const base::Path& spool, base::FileSystem& files,
           base::Clock& clock, const StorageTraits& proven, std::chrono::milliseconds patience)
        : bucket(config, spool, files, clock, proven),
          patient(bucket, clock, patience, std::random_device()()) {}
    S3Storage bucket;
    PatientStorage patient;
  };
  const auto opened = std::make_shared<Opened>(config, spool, files, clock, proven, patience);
  return {opened, &opened->patient};
}

}  // namespace store
