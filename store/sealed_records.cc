#include "store/sealed_records.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <utility>

#include <fmt/core.h>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/log.h"
#include "schema/embedded.h"
#include "store/format/crypto.h"
#include "store/format/encoding.h"
#include "store/format/layout.h"
#include "store/index/sqlite.h"
#include "store/index/store_database.h"
#include "store/keys/key_slot.h"

namespace store {

namespace {

constexpr const char* kWhat = "restore desk's database";
constexpr std::int64_t kDeskVersion = 1;
constexpr std::uint64_t kMaxDeskMark = 64;  // bytes

using Digest = decltype(Sha256::bytes);
using RecordName = Digest;
constexpr RecordName kHead{};  // no hash is all zeros

// Salts of key_from_key(): a key for each use.
constexpr Salt salt_of(std::string_view use) {
  Salt salt{};
  for (std::size_t at = 0; at < use.size(); ++at) salt.at(at) = static_cast<std::byte>(use[at]);
  return salt;
}

Digest hash(const Key& key, base::ByteView bytes) {
  // The inner hash has a fixed length, so that nothing can be appended to it.
  const Sha256 inner = sha256(bytes);
  Sha256Hash outer;
  outer.update(key.view());
  outer.update(inner.bytes);
  return outer.finish().bytes;
}

void add_to(Digest& sum, const Digest& digest) {
  std::ranges::transform(sum, digest, sum.begin(), [](std::byte a, std::byte b) { return a ^ b; });
}

}  // namespace

class SealedRecords::Impl {
 public:
  Impl(const Location& location, base::FileSystem& files)
      : location_(location), files_(files), lock_(take_lock()) {
    const OpenedStore opened = open_master(location, files);
    store_ = opened.store;
    box_key_ = key_from_key(opened.master, salt_of("desk records"));
    hash_key_ = key_from_key(opened.master, salt_of("desk hashes"));
    database_.emplace(open_or_create_tables(file(location), schema::kDeskSql, store_));
    // An idempotency key that a power failure forgets would restore twice.
    database_->run("PRAGMA synchronous = FULL");
    const std::int64_t version = database_->integer("PRAGMA user_version");
    if (version > kDeskVersion) {
      base::fail(base::ErrorCode::kConfig,
                 "open {}: a newer version of mailstow made it: update mailstow",
                 file(location).string());
    }
    if (version != kDeskVersion || !belongs_to(*database_, store_)) {
      refuse("it belongs to another store or version");
    }
    load();
  }

  const std::map<std::string, std::string>& texts(const std::string& kind) const {
    static const std::map<std::string, std::string> empty;
    const auto found = records_.find(kind);
    return found == records_.end() ? empty : found->second;
  }

  void apply(std::span<const RecordChange> changes) {
    std::map<RecordName, std::optional<Digest>> digests;  // of the changed records
    Transaction transaction(*database_);
    for (const RecordChange& change : changes) {
      const RecordName name = name_of(change.kind, change.id);
      digests[name] = change.text ? std::optional(write(name, plain_of(change))) : std::nullopt;
      if (change.text) continue;
      Statement(*database_, "DELETE FROM records WHERE name = ?1").bind(1, name).run();
    }
    Digest sum = sum_;
    for (const auto& [name, digest] : digests) {
      const auto old = digests_.find(name);
      if (old != digests_.end()) add_to(sum, old->second);  // which takes it away
      if (digest) add_to(sum, *digest);
    }
    Encoder head;
    head.u64(changes_ + 1);
    head.raw(sum);
    write(kHead, head.view());
    transaction.commit();
    ++changes_;
    sum_ = sum;
    for (const auto& [name, digest] : digests) {
      digests_.erase(name);
      if (digest) digests_[name] = *digest;
    }
    for (const RecordChange& change : changes) {
      records_[change.kind].erase(change.id);
      if (change.text) records_[change.kind][change.id] = *change.text;
    }
    catch_up_mark();
  }

 private:
  [[noreturn]] void refuse(std::string_view why) const {
    base::fail(base::ErrorCode::kDamaged,
               "open {}: {}: if you know why, move it away together with {}: then no request of "
               "the past is recognised, and the counts of today begin again",
               file(location_).string(), why, mark_file().string());
  }

  std::unique_ptr<base::FileLock> take_lock() const {
    auto lock = files_.try_lock(location_.index / "desk.lock", base::LockMode::kExclusive);
    if (lock) return lock;
    base::fail(base::ErrorCode::kBusy,
               "restore desk: another one of this store runs: stop it first");
  }

  base::Path mark_file() const { return local_directory(location_) / "desk-changes"; }

  // The number of changes that is noted there; 0 if no database is.
  std::uint64_t load_mark() const {
    const auto bytes = base::read_file(files_, mark_file(), kMaxDeskMark);
    if (!bytes) return 0;
    const std::string_view text = base::as_text(*bytes);
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || std::string_view(end, text.data() + text.size()) != "\n") {
      refuse(fmt::format("{} is not what was written", mark_file().string()));
    }
    return number;
  }

  // The changes are durable: a count that is behind, because the store's disk is full, is no reason
  // to say that they are not. The next change corrects it, or the next opening.
  void catch_up_mark() const {
    try {
      save_mark();
    } catch (const base::Error& error) {
      base::log_warning("{}: {}", kWhat, error.what());
    }
  }

  void save_mark() const {
    if (!location_.is_directory()) base::make_directories(files_, local_directory(location_));
    const std::string text = std::to_string(changes_) + "\n";
    base::write_file(files_, mark_file(), base::as_bytes(text), base::OnExisting::kReplace);
  }

  static base::Bytes plain_of(const RecordChange& change) {
    if (change.text->size() > kMaxText) {
      base::fail(base::ErrorCode::kInternal, "{}: a {} of {} bytes is too long", kWhat, change.kind,
                 change.text->size());
    }
    Encoder encoder;
    encoder.text(change.kind);
    encoder.text(change.id);
    encoder.text(*change.text);
    return encoder.take();
  }

  RecordName name_of(const std::string& kind, const std::string& id) const {
    Encoder encoder;
    encoder.text(kind);
    encoder.text(id);
    return hash(hash_key_, encoder.view());
  }

  // The place of a box, so that one can't take another's.
  base::Bytes place_of(base::ByteView name) const {
    Encoder encoder;
    encoder.text("desk");
    encoder.raw(store_);
    encoder.raw(name);
    return encoder.take();
  }

  Digest digest_of(base::ByteView name, base::ByteView nonce, base::ByteView box) const {
    Encoder encoder;
    encoder.raw(name);
    encoder.raw(nonce);
    encoder.raw(box);
    return hash(hash_key_, encoder.view());
  }

  Digest write(const RecordName& name, base::ByteView plain) {
    const Nonce nonce = random_nonce();
    base::Bytes box(plain.size() + kTagSize);
    seal_box(box_key_, nonce, place_of(name), plain, box);
    Statement(*database_, "INSERT OR REPLACE INTO records VALUES (?1, ?2, ?3)")
        .bind(1, name)
        .bind(2, nonce)
        .bind(3, box)
        .run();
    return digest_of(name, nonce, box);
  }

  void load() {
    Statement statement(*database_, "SELECT name, nonce, box FROM records");
    bool has_head = false;
    Digest sealed_sum{};
    while (statement.step()) {
      RecordName name{};
      Nonce nonce{};
      if (statement.blob(0).size() != name.size() || statement.blob(1).size() != nonce.size()) {
        refuse("a record is not what was written");
      }
      std::ranges::copy(statement.blob(0), name.begin());
      std::ranges::copy(statement.blob(1), nonce.begin());
      const auto plain = open_box(box_key_, nonce, place_of(name), statement.blob(2));
      if (!plain) refuse("a record is not what was written, or the store's key differs");
      Decoder decoder(*plain, kWhat);
      if (name == kHead) {
        has_head = true;
        changes_ = decoder.u64();
        std::ranges::copy(decoder.raw(sealed_sum.size()), sealed_sum.begin());
      } else {
        const std::string kind = decoder.text();
        const std::string id = decoder.text();
        records_[kind][id] = decoder.text();
        digests_[name] = digest_of(name, nonce, statement.blob(2));
        add_to(sum_, digests_[name]);
      }
      decoder.end();
    }
    if (sum_ != sealed_sum || (!has_head && !digests_.empty())) {
      refuse("records were removed, or older ones put back");
    }
    const std::uint64_t mark = load_mark();
    if (mark > changes_) refuse("an older state of it was put back");
    if (mark < changes_) catch_up_mark();
  }

  Location location_;
  base::FileSystem& files_;
  std::unique_ptr<base::FileLock> lock_;
  StoreId store_{};
  Key box_key_;
  Key hash_key_;
  std::optional<Database> database_;
  std::map<std::string, std::map<std::string, std::string>> records_;  // by kind and id
  std::map<RecordName, Digest> digests_;
  Digest sum_{};
  std::uint64_t changes_ = 0;
};

SealedRecords SealedRecords::open(const Location& location, base::FileSystem& files) {
  return SealedRecords(std::make_unique<Impl>(location, files));
}

SealedRecords::SealedRecords(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SealedRecords::SealedRecords(SealedRecords&&) noexcept = default;
SealedRecords& SealedRecords::operator=(SealedRecords&&) noexcept = default;
SealedRecords::~SealedRecords() = default;

std::optional<std::string> SealedRecords::find(const std::string& kind,
                                               const std::string& id) const {
  const auto& texts = impl_->texts(kind);
  const auto found = texts.find(id);
  return found == texts.end() ? std::nullopt : std::optional(found->second);
}

std::map<std::string, std::string> SealedRecords::list(const std::string& kind) const {
  return impl_->texts(kind);
}

void SealedRecords::apply(std::span<const RecordChange> changes) {
  impl_->apply(changes);
}

void SealedRecords::put(const std::string& kind, const std::string& id, std::string text) {
  const RecordChange change{kind, id, std::move(text)};
  impl_->apply({&change, 1});
}

void SealedRecords::remove(const std::string& kind, const std::string& id) {
  const RecordChange change{kind, id, std::nullopt};
  impl_->apply({&change, 1});
}

base::Path SealedRecords::file(const Location& location) {
  return location.index / "desk.sqlite";
}

}  // namespace store
