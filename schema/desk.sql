-- What the restore desk must remember when it is started again: jobs, plans, grants, the day's
-- counts. Each row is sealed with a key derived from the store's; without it even the names say
-- nothing. Losing the file loses no mail.
PRAGMA user_version = 1;

CREATE TABLE meta (
  name TEXT PRIMARY KEY,
  value BLOB NOT NULL
) WITHOUT ROWID;

-- The row whose name is 32 zero bytes seals the number of changes and a sum over all others.
CREATE TABLE records (
  name BLOB PRIMARY KEY,          -- keyed hash of the kind and the id
  nonce BLOB NOT NULL,
  box BLOB NOT NULL
) WITHOUT ROWID;
