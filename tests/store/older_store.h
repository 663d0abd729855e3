// Stores as older versions of mailstow left them.
#pragma once

#include <algorithm>
#include <map>
#include <string>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/file_system.h"
#include "store/format/commit.h"
#include "store/format/crypto.h"
#include "store/format/encoding.h"
#include "store/format/location.h"
#include "store/format/pack.h"
#include "store/index/sqlite.h"
#include "store/write_session.h"

namespace store {

// The commits of the first version have no sequences. A checkpoint's lines replace all earlier
// ones; these come in the order of their ids. Afterwards the index must be rebuilt.
inline void forget_sequences(const Location& location, base::FileSystem& files,
                             const base::Clock& clock) {
  WriteSession session(location, files, clock, Effort::kFast);
  std::map<ObjectId, SnapshotLine> lines;
  for (const std::string& account : session.index().accounts()) {
    for (SnapshotLine line : session.index().lines(account)) {
      line.sequence = 0;
      lines.emplace(snapshot_id(session.context().keys, line), line);
    }
  }
  Commit checkpoint;
  checkpoint.is_checkpoint = true;
  for (const auto& [id, line] : lines) checkpoint.snapshots.push_back(line);
  session.commit({checkpoint});
}

// The index as version 1 was, with its comments: SQLite changes a table by editing this text.
inline void make_index_of_version_1(const base::Path& index) {
  Database::open_or_create(index).run(R"(
DROP TABLE extensions;
DROP TABLE pins;
DROP INDEX snapshots_of_account;
ALTER TABLE snapshots RENAME TO numbered;
CREATE TABLE snapshots (
  id BLOB PRIMARY KEY,
  account TEXT NOT NULL,
  time INTEGER NOT NULL,
  kind INTEGER NOT NULL,          -- 0 backup, 1 rescue
  status INTEGER NOT NULL,        -- 0 complete, 1 partial, 2 moving
  prefix BLOB NOT NULL,
  folders INTEGER NOT NULL,
  messages INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  vanished INTEGER NOT NULL,      -- messages of the previous backup that are in no folder now
  root BLOB NOT NULL,
  number INTEGER NOT NULL,        -- the number of its commit
  line INTEGER NOT NULL           -- its position there, from 0: of equal times the later is newer
) WITHOUT ROWID;
INSERT INTO snapshots SELECT id, account, time, kind, status, prefix, folders, messages, bytes,
  vanished, root, number, line FROM numbered;
DROP TABLE numbered;
CREATE INDEX snapshots_of_account ON snapshots (account, time);
PRAGMA user_version = 1;
)");
}

// The pack as version 1 of the format has it: with other bytes at both ends, so with another name.
inline base::Bytes as_version_1(base::ByteView pack) {
  constexpr std::size_t kChecksumSize = 16;
  constexpr std::size_t kFieldsBehindId = 24;  // in the footer
  const auto seal = [](Encoder& end) {
    const auto sum = checksum(end.view());
    end.raw(base::ByteView(sum).first(kChecksumSize));
    return end.take();
  };
  const base::ByteView footer = pack.last(kPackFooterSize);
  Encoder header;
  header.raw(pack.first(8));
  header.u32(1);
  header.raw(pack.subspan(12, kPackHeaderSize - kChecksumSize - 12));
  Encoder end;
  end.raw(base::as_bytes("MSTWEND1"));
  end.raw(footer.subspan(8, kFieldsBehindId - 8));
  end.u64(pack.size() - kPackFooterSize - Decoder(footer.subspan(kFieldsBehindId), "it").u32());
  base::Bytes older(pack.begin(), pack.end());
  std::ranges::copy(seal(header), older.begin());
  std::ranges::copy(seal(end), older.end() - kPackFooterSize);
  return older;
}

}  // namespace store
