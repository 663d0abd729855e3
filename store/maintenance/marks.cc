#include "store/maintenance/marks.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include <fmt/core.h>
#include <unistd.h>

#include "store/index/sqlite.h"

namespace store {

namespace {

// A name that base::AtomicFile::is_temporary() recognises: the next writer removes what a crash
// leaves. Only the holder of the store's lock marks.
base::Path scratch_file(const base::Path& directory) {
  return directory / fmt::format(".mailstow-{}-marks.tmp", ::getpid());
}

Database open_scratch(const base::Path& file) {
  std::filesystem::remove(file);
  Database database = Database::open_or_create(file);
  database.run(
      "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE; "
      "PRAGMA cache_size = -8192;"
      "CREATE TABLE marks (block INTEGER NOT NULL, start INTEGER NOT NULL, "
      "account INTEGER NOT NULL, folder INTEGER NOT NULL, "
      "PRIMARY KEY (block, start)) WITHOUT ROWID;"
      "BEGIN");
  return database;
}

}  // namespace

class Marks::Impl {
 public:
  // Removes the file, also if the database in it could not be made.
  struct ScratchFile {
    explicit ScratchFile(base::Path file) : path(std::move(file)) {}
    ScratchFile(const ScratchFile&) = delete;
    ScratchFile& operator=(const ScratchFile&) = delete;
    ~ScratchFile() {
      std::error_code error;
      std::filesystem::remove(path, error);
    }

    base::Path path;
  };

  explicit Impl(base::Path path) : file(std::move(path)), database(open_scratch(file.path)) {}

  ScratchFile file;
  Database database;
  Statement find{database, "SELECT account FROM marks WHERE block = ?1 AND start = ?2"};
  Statement share{
      database, "UPDATE marks SET account = ?3, folder = account WHERE block = ?1 AND start = ?2"};
  Statement insert{database, "INSERT INTO marks VALUES (?1, ?2, ?3, ?4)"};
  Statement of_block{database,
                     "SELECT start, account, folder FROM marks WHERE block = ?1 ORDER BY start"};
};

Marks::Marks(const base::Path& directory)
    : impl_(std::make_unique<Impl>(scratch_file(directory))) {}
Marks::~Marks() = default;

bool Marks::add(const ObjectPlace& object, const Owner& owner) {
  if (impl_->find.bind(1, object.block).bind(2, object.start).step()) {
    const auto account = static_cast<std::uint32_t>(impl_->find.integer(0));
    impl_->find.reset();
    if (owner.account != 0 && account != owner.account && account != Owner::kShared) {
      impl_->share.bind(1, object.block).bind(2, object.start).bind(3, Owner::kShared).run();
    }
    return false;
  }
  impl_->insert.bind(1, object.block)
      .bind(2, object.start)
      .bind(3, owner.account)
      .bind(4, owner.folder)
      .run();
  Total& total = totals_[pack_of(object.block)];
  total.bytes += object.length;
  ++total.objects;
  ++count_;
  return true;
}

bool Marks::contains(const ObjectPlace& object) {
  const bool is_known = impl_->find.bind(1, object.block).bind(2, object.start).step();
  if (is_known) impl_->find.reset();
  return is_known;
}

std::vector<Mark> Marks::marks_in(std::int64_t block) {
  std::vector<Mark> marks;
  impl_->of_block.bind(1, block);
  while (impl_->of_block.step()) {
    marks.push_back({.start = static_cast<std::uint32_t>(impl_->of_block.integer(0)),
                     .owner = {.account = static_cast<std::uint32_t>(impl_->of_block.integer(1)),
                               .folder = static_cast<std::uint32_t>(impl_->of_block.integer(2))}});
  }
  return marks;
}

std::uint64_t Marks::bytes_in(std::int64_t pack) const {
  const auto found = totals_.find(pack);
  return found == totals_.end() ? 0 : found->second.bytes;
}

std::uint64_t Marks::objects_in(std::int64_t pack) const {
  const auto found = totals_.find(pack);
  return found == totals_.end() ? 0 : found->second.objects;
}

}  // namespace store
