-- The search index of a store: the envelope fields of its messages, each message once, regardless
-- of the folders it is in. Everything in it can be rebuilt from the packs.
PRAGMA user_version = 6;

-- `store`: the id of the store. `unicode`: the version of Unicode with which the words were folded;
-- an index with another one is rebuilt, like one of another `user_version`. `lacks_groups`: filling
-- was interrupted before `uid_groups` was complete.
CREATE TABLE meta (
  name TEXT PRIMARY KEY,
  value BLOB NOT NULL
) WITHOUT ROWID;

-- Packs whose messages are in this index.
CREATE TABLE packs (
  name BLOB PRIMARY KEY
) WITHOUT ROWID;

-- Narrow, because a query by date scans the whole table.
CREATE TABLE envelopes (
  envelope INTEGER PRIMARY KEY,
  key INTEGER NOT NULL,           -- of the message's id: its first 8 bytes, big-endian,
  rest BLOB NOT NULL,             -- and the other 24
  date INTEGER                    -- of the Date field, seconds since 1970 in UTC; NULL: none
);

CREATE INDEX envelopes_by_key ON envelopes (key);

-- The messages of groups of leaves (store/search_index/group_rows.h), only of groups of which all
-- messages are in `envelopes`. A group's id names its content, so a row is never out of date.
CREATE TABLE uid_groups (
  node INTEGER PRIMARY KEY,       -- of the id of the group's identity: its first 8 bytes,
  rest BLOB NOT NULL,             -- and the other 24
  messages BLOB NOT NULL          -- UIDs and rows of `envelopes`
);

-- The identity branches above groups, as the packs have them: a walk that need not read the groups
-- would open most blocks of an account only for these.
CREATE TABLE uid_branches (
  node INTEGER PRIMARY KEY,       -- as in `uid_groups`
  rest BLOB NOT NULL,
  content BLOB NOT NULL
);

-- The fields as they are displayed.
CREATE TABLE fields (
  envelope INTEGER PRIMARY KEY,
  subject TEXT NOT NULL,
  sender TEXT NOT NULL,           -- From
  recipients TEXT NOT NULL,       -- To
  copies TEXT NOT NULL,           -- Cc
  message_id TEXT NOT NULL
);

-- The words of the fields; each row is an envelope. They come divided and folded
-- (store/search_index/search_words.h): the tokenizer only splits them at the blanks.
CREATE VIRTUAL TABLE words USING fts5 (
  subject, sender, recipients, copies,
  content = '', columnsize = 0, tokenize = 'ascii'
);
