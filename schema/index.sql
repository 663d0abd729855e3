-- The index of a store: everything in it can be rebuilt from the packs (docs/pack-format.md).
-- Times are seconds since 1970 in UTC, lengths are bytes.
PRAGMA user_version = 5;

-- `store`: the store's id; `used_up` and `lost`: what the sequence of a new snapshot must exceed,
-- because commits say so, or because it was that of a snapshot in a missing pack; `readers`:
-- present if only readers use this index; `past`: present if it shows the store as of an earlier
-- commit, of which it holds a description.
CREATE TABLE meta (
  name TEXT PRIMARY KEY,
  value BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE packs (
  pack INTEGER PRIMARY KEY AUTOINCREMENT,  -- never reused: readers keep block numbers
  name BLOB NOT NULL UNIQUE,      -- SHA-256 of the file
  id BLOB NOT NULL,
  effort INTEGER NOT NULL,        -- 0 fast, 1 strong
  size INTEGER NOT NULL,
  listed INTEGER NOT NULL         -- the number of the commit that names it; 0: none yet
);

-- block = pack * 65536 + ordinal
CREATE TABLE blocks (
  block INTEGER PRIMARY KEY,
  stream INTEGER NOT NULL,
  place INTEGER NOT NULL,
  plain_length INTEGER NOT NULL,
  sealed_length INTEGER NOT NULL
);

-- Parts and manifests.
CREATE TABLE objects (
  id BLOB PRIMARY KEY,
  block INTEGER NOT NULL,
  start INTEGER NOT NULL,
  length INTEGER NOT NULL
) WITHOUT ROWID;

-- Messages, and where their records are stored.
CREATE TABLE messages (
  id BLOB PRIMARY KEY,
  block INTEGER NOT NULL,
  start INTEGER NOT NULL,
  length INTEGER NOT NULL,
  size INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE commits (
  number INTEGER PRIMARY KEY,
  id BLOB NOT NULL,
  previous BLOB NOT NULL,
  pack INTEGER NOT NULL,          -- not in `packs`: its file is missing
  time INTEGER NOT NULL
);

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
  line INTEGER NOT NULL,          -- its position there, from 0
  sequence INTEGER NOT NULL DEFAULT 0  -- the account's highest is the newest; 0: not yet numbered
) WITHOUT ROWID;

-- Marks that keep snapshots from being dropped.
CREATE TABLE pins (
  snapshot BLOB PRIMARY KEY,
  until INTEGER NOT NULL
) WITHOUT ROWID;

-- Facts about the whole store, also those that only newer versions of mailstow understand.
CREATE TABLE extensions (
  tag INTEGER NOT NULL,
  name BLOB NOT NULL,
  forbids INTEGER NOT NULL,       -- to programs that don't know the tag: 0 nothing, 1 dropping,
                                  -- 2 writing, 3 reading
  content BLOB NOT NULL,
  PRIMARY KEY (tag, name)
) WITHOUT ROWID;

CREATE INDEX snapshots_of_account ON snapshots (account, sequence);

-- Packs that prune has replaced. They are not added to the index again and nothing new refers to
-- them; the rows of their objects stay for older readers until their files are deleted.
CREATE TABLE condemned (
  name BLOB PRIMARY KEY,
  pack INTEGER NOT NULL,          -- 0: nothing is known about it
  number INTEGER NOT NULL,        -- of the last commit that condemns it
  time INTEGER NOT NULL           -- when it was condemned
) WITHOUT ROWID;
