"""The tables of the first release and of what came after it, as SQL text.

People's words stand in messages, message_versions and texts, and nowhere else; every other table
refers to them by id. Times are BIGINT milliseconds UTC. The text keeps to what SQLite and
PostgreSQL both read, except for `INTEGER PRIMARY KEY` and full text search (migrations.py).
Once released this text is frozen: what changes later is a migration.
"""

HEARD = """
CREATE TABLE persons (
  id INTEGER PRIMARY KEY,
  root_id BIGINT NOT NULL,  -- who this person is after all merges; derived from the log
  created_at BIGINT NOT NULL
);
CREATE INDEX persons_root ON persons (root_id);
CREATE TABLE accounts (
  id INTEGER PRIMARY KEY,
  platform TEXT NOT NULL,
  ref TEXT NOT NULL,
  handle TEXT NOT NULL,
  name TEXT NOT NULL,
  folded TEXT NOT NULL,  -- handle and name, case folded, for finding people
  url TEXT NOT NULL,
  person_id BIGINT NOT NULL REFERENCES persons (id),
  is_ours INTEGER NOT NULL CHECK (is_ours IN (0, 1)),
  is_bot INTEGER NOT NULL CHECK (is_bot IN (0, 1)),
  followers BIGINT,
  first_seen_at BIGINT NOT NULL,
  opted_out_at BIGINT,
  erased_at BIGINT,
  UNIQUE (platform, ref)
);
CREATE INDEX accounts_person ON accounts (person_id);
CREATE TABLE merges (
  id INTEGER PRIMARY KEY,
  keep_id BIGINT NOT NULL REFERENCES persons (id),
  other_id BIGINT NOT NULL REFERENCES persons (id),
  reviewer_id BIGINT NOT NULL,
  reason TEXT NOT NULL,
  at BIGINT NOT NULL,
  undone_at BIGINT
);
CREATE TABLE threads (
  id INTEGER PRIMARY KEY,
  platform TEXT NOT NULL,
  root_ref TEXT NOT NULL,
  UNIQUE (platform, root_ref)
);
CREATE TABLE conversations (
  id INTEGER PRIMARY KEY,
  thread_id BIGINT NOT NULL REFERENCES threads (id),
  account_id BIGINT NOT NULL REFERENCES accounts (id),
  login TEXT NOT NULL,
  changes BIGINT NOT NULL DEFAULT 0,  -- grows with what a reviewer must see before a reply leaves
  last_change TEXT NOT NULL DEFAULT '',
  UNIQUE (thread_id, account_id, login)
);
CREATE TABLE messages (
  id INTEGER PRIMARY KEY,
  platform TEXT NOT NULL,
  ref TEXT NOT NULL,
  direction TEXT NOT NULL CHECK (direction IN ('in', 'out')),
  kind TEXT NOT NULL,
  visibility TEXT NOT NULL,
  text TEXT NOT NULL,
  content_warning TEXT NOT NULL,
  language TEXT,
  attachments TEXT NOT NULL,  -- JSON
  quoted_ref TEXT,
  url TEXT NOT NULL,
  account_id BIGINT NOT NULL REFERENCES accounts (id),
  to_account_id BIGINT REFERENCES accounts (id),  -- whom a message of ours addresses
  thread_id BIGINT NOT NULL REFERENCES threads (id),
  conversation_id BIGINT REFERENCES conversations (id),
  parent_ref TEXT,
  server_ref TEXT,
  source TEXT NOT NULL,
  login TEXT,
  created_at BIGINT,
  seen_at BIGINT NOT NULL,
  at BIGINT NOT NULL,  -- created_at, or seen_at where the platform does not say
  position BIGINT,
  edited_at BIGINT,
  deleted_at BIGINT,
  checked_at BIGINT NOT NULL,  -- when it was last compared with the platform
  state TEXT NOT NULL CHECK (state IN (
    'new', 'waiting', 'suggested', 'done', 'history', 'snoozed', 'gone')),
  is_history INTEGER NOT NULL CHECK (is_history IN (0, 1)),
  reason TEXT NOT NULL DEFAULT '',
  answer_by_at BIGINT,
  snoozed_until BIGINT,
  answer_id BIGINT REFERENCES messages (id),
  answered_at BIGINT,
  UNIQUE (platform, ref)
);
CREATE INDEX messages_queue ON messages (coalesce(answer_by_at, 9223372036854775807), id, state)
  WHERE state IN ('waiting', 'suggested');
CREATE INDEX messages_snoozed ON messages (snoozed_until) WHERE state = 'snoozed';
CREATE INDEX messages_thread ON messages (thread_id);
CREATE INDEX messages_account ON messages (account_id, at);
CREATE INDEX messages_to_account ON messages (to_account_id, at) WHERE to_account_id IS NOT NULL;
CREATE INDEX messages_at ON messages (at);
CREATE INDEX messages_parent ON messages (platform, parent_ref) WHERE parent_ref IS NOT NULL;
CREATE INDEX messages_checked ON messages (platform, checked_at);
CREATE INDEX messages_answer ON messages (answer_id) WHERE answer_id IS NOT NULL;
CREATE INDEX messages_quoted ON messages (platform, quoted_ref) WHERE quoted_ref IS NOT NULL;
CREATE TABLE message_sources (
  message_id BIGINT NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
  source TEXT NOT NULL,
  server_ref TEXT,
  at BIGINT NOT NULL,
  PRIMARY KEY (message_id, source)
) WITHOUT ROWID;
CREATE TABLE message_versions (
  id INTEGER PRIMARY KEY,
  message_id BIGINT NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
  text TEXT NOT NULL,
  until_at BIGINT NOT NULL
);
CREATE INDEX message_versions_message ON message_versions (message_id);
CREATE TABLE account_days (
  account_id BIGINT NOT NULL REFERENCES accounts (id),
  day TEXT NOT NULL,  -- local date of the brand
  in_count BIGINT NOT NULL DEFAULT 0,
  out_count BIGINT NOT NULL DEFAULT 0,
  positive BIGINT NOT NULL DEFAULT 0,
  neutral BIGINT NOT NULL DEFAULT 0,
  negative BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (account_id, day)
) WITHOUT ROWID;
CREATE TABLE cursors (
  source TEXT PRIMARY KEY,
  cursor TEXT,
  last_event_at BIGINT,
  last_ok_at BIGINT,
  error TEXT NOT NULL DEFAULT '',
  error_at BIGINT,
  messages BIGINT NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE rejects (
  id INTEGER PRIMARY KEY,
  source TEXT NOT NULL,
  raw TEXT NOT NULL,
  reason TEXT NOT NULL,
  at BIGINT NOT NULL
);
CREATE TABLE erased (
  mac TEXT PRIMARY KEY,  -- HMAC of platform and ref: what comes back is dropped unread
  at BIGINT NOT NULL
) WITHOUT ROWID;
"""

UNDERSTOOD = """
CREATE TABLE work (
  stage TEXT NOT NULL CHECK (stage IN ('tag', 'suggest', 'embed')),
  message_id BIGINT NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
  ready_at BIGINT NOT NULL,
  owner TEXT,
  token BIGINT NOT NULL DEFAULT 0,
  until_at BIGINT,
  attempts BIGINT NOT NULL DEFAULT 0,
  failures BIGINT NOT NULL DEFAULT 0,
  is_dead INTEGER NOT NULL DEFAULT 0 CHECK (is_dead IN (0, 1)),
  error TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (stage, message_id)
) WITHOUT ROWID;
CREATE INDEX work_ready ON work (stage, ready_at, message_id) WHERE is_dead = 0;
CREATE TABLE tags (
  message_id BIGINT NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
  model TEXT NOT NULL,
  language TEXT NOT NULL,
  sentiment TEXT,
  sentiment_p DOUBLE PRECISION,
  intents TEXT NOT NULL,  -- JSON: [[label, probability], ...], the primary one first
  offensive INTEGER,
  offensive_p DOUBLE PRECISION,
  crisis INTEGER,
  crisis_p DOUBLE PRECISION,
  needs_reply INTEGER,
  needs_reply_p DOUBLE PRECISION,
  emotion TEXT,
  emotion_p DOUBLE PRECISION,
  at BIGINT NOT NULL,
  PRIMARY KEY (message_id, model)
) WITHOUT ROWID;
CREATE TABLE corrections (
  id INTEGER PRIMARY KEY,
  message_id BIGINT NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
  changes TEXT NOT NULL,  -- JSON
  reviewer_id BIGINT NOT NULL,
  at BIGINT NOT NULL
);
CREATE INDEX corrections_message ON corrections (message_id);
CREATE TABLE current_tags (
  message_id INTEGER PRIMARY KEY REFERENCES messages (id) ON DELETE CASCADE,
  model TEXT NOT NULL,
  language TEXT NOT NULL,
  sentiment TEXT,
  sentiment_p DOUBLE PRECISION,
  intent TEXT,  -- the primary one, to filter and count by
  intents TEXT NOT NULL,
  offensive INTEGER,
  offensive_p DOUBLE PRECISION,
  crisis INTEGER,
  crisis_p DOUBLE PRECISION,
  needs_reply INTEGER,
  needs_reply_p DOUBLE PRECISION,
  emotion TEXT,
  emotion_p DOUBLE PRECISION,
  is_corrected INTEGER NOT NULL CHECK (is_corrected IN (0, 1))
);
CREATE TABLE embeddings (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('answered', 'playbook', 'knowledge')),
  ref TEXT NOT NULL,
  model TEXT NOT NULL,
  vector BLOB NOT NULL,
  message_id BIGINT REFERENCES messages (id) ON DELETE CASCADE,
  UNIQUE (kind, ref, model)
);
CREATE INDEX embeddings_message ON embeddings (message_id) WHERE message_id IS NOT NULL;
CREATE TABLE texts (
  id INTEGER PRIMARY KEY,
  message_id BIGINT REFERENCES messages (id),  -- the message these words answer
  account_id BIGINT REFERENCES accounts (id),  -- or the account they are about
  body TEXT NOT NULL,
  evidence TEXT NOT NULL DEFAULT '[]',  -- JSON, it quotes people
  hash TEXT NOT NULL,
  salt TEXT NOT NULL,  -- key of the audit chain's HMAC; goes with the words
  erased_at BIGINT
);
CREATE INDEX texts_message ON texts (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX texts_account ON texts (account_id) WHERE account_id IS NOT NULL;
CREATE TABLE quotes (  -- which messages the evidence of a text quotes, so that erasure finds it
  quoted_id BIGINT NOT NULL REFERENCES messages (id),
  text_id BIGINT NOT NULL REFERENCES texts (id),
  PRIMARY KEY (quoted_id, text_id)
) WITHOUT ROWID;
CREATE TABLE suggestions (
  id INTEGER PRIMARY KEY,
  message_id BIGINT NOT NULL REFERENCES messages (id),
  version BIGINT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'taken', 'rejected', 'expired', 'superseded')),
  silence TEXT NOT NULL,
  reason TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  is_silent INTEGER NOT NULL CHECK (is_silent IN (0, 1)),
  UNIQUE (message_id, version)
);
CREATE UNIQUE INDEX suggestions_open ON suggestions (message_id) WHERE state = 'open';
CREATE INDEX suggestions_created ON suggestions (created_at);
CREATE TABLE suggestion_options (
  suggestion_id BIGINT NOT NULL REFERENCES suggestions (id),
  number BIGINT NOT NULL,
  text_id BIGINT NOT NULL REFERENCES texts (id),
  drafter TEXT NOT NULL,
  confidence DOUBLE PRECISION NOT NULL,
  label TEXT NOT NULL,
  lane_key TEXT NOT NULL,
  PRIMARY KEY (suggestion_id, number)
);
"""

DECIDED = """
CREATE TABLE replies (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL CHECK (state IN (
    'approved', 'held', 'sending', 'unknown', 'needs_human', 'sent', 'failed', 'withdrawing',
    'withdrawn', 'recalled')),
  version BIGINT NOT NULL,
  token BIGINT NOT NULL DEFAULT 0,
  owner TEXT,
  until_at BIGINT,
  message_id BIGINT NOT NULL REFERENCES messages (id),
  conversation_id BIGINT NOT NULL REFERENCES conversations (id),
  login TEXT NOT NULL,
  source TEXT NOT NULL,
  text_id BIGINT NOT NULL REFERENCES texts (id),
  suggestion_id BIGINT REFERENCES suggestions (id),
  approved_by BIGINT NOT NULL,
  approved_at BIGINT NOT NULL,
  send_after BIGINT NOT NULL,
  not_before BIGINT,
  attempts BIGINT NOT NULL DEFAULT 0,
  sending_at BIGINT,
  unknown_since BIGINT,
  lookups BIGINT NOT NULL DEFAULT 0,
  looked_up_at BIGINT,
  ended_at BIGINT,
  reason TEXT NOT NULL DEFAULT '',
  posted_ref TEXT,
  posted_url TEXT NOT NULL DEFAULT '',
  posted_message_id BIGINT REFERENCES messages (id),
  is_automatic INTEGER NOT NULL CHECK (is_automatic IN (0, 1)),
  changes_seen BIGINT NOT NULL  -- conversations.changes as the approving human saw it
);
CREATE UNIQUE INDEX replies_one_open ON replies (conversation_id)
  WHERE state IN ('approved', 'held', 'sending', 'unknown', 'needs_human');
CREATE INDEX replies_state ON replies (state, login, send_after);
CREATE INDEX replies_conversation ON replies (conversation_id);
CREATE INDEX replies_message ON replies (message_id);
CREATE INDEX replies_posted ON replies (posted_message_id) WHERE posted_message_id IS NOT NULL;
CREATE INDEX replies_ended ON replies (ended_at) WHERE ended_at IS NOT NULL;
CREATE TABLE decisions (
  id INTEGER PRIMARY KEY,
  request_id TEXT UNIQUE,
  kind TEXT NOT NULL CHECK (kind IN (
    'approved', 'edited', 'own_words', 'rejected', 'no_reply', 'snoozed', 'recalled',
    'automatic')),
  message_id BIGINT NOT NULL REFERENCES messages (id),
  reviewer_id BIGINT NOT NULL,
  at BIGINT NOT NULL,
  reason TEXT NOT NULL DEFAULT '',
  seconds DOUBLE PRECISION,
  reply_id BIGINT REFERENCES replies (id),
  suggestion_id BIGINT REFERENCES suggestions (id),
  option_number BIGINT,
  lane_key TEXT NOT NULL DEFAULT '',
  edit_distance DOUBLE PRECISION
);
CREATE INDEX decisions_at ON decisions (at);
CREATE INDEX decisions_message ON decisions (message_id);
CREATE TABLE notes (
  id INTEGER PRIMARY KEY,
  account_id BIGINT NOT NULL REFERENCES accounts (id),
  text_id BIGINT NOT NULL REFERENCES texts (id),
  reviewer_id BIGINT NOT NULL,
  at BIGINT NOT NULL
);
CREATE INDEX notes_account ON notes (account_id);
CREATE TABLE brakes (
  scope TEXT NOT NULL CHECK (scope IN ('home', 'login', 'source')),
  target TEXT NOT NULL,
  by_whom TEXT NOT NULL,
  at BIGINT NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (scope, target)
);
CREATE TABLE audit (
  id INTEGER PRIMARY KEY,
  at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  act TEXT NOT NULL,
  kind TEXT NOT NULL,
  ref_id BIGINT,
  detail TEXT NOT NULL,
  text_mac TEXT NOT NULL,
  hash TEXT NOT NULL
);
CREATE TABLE reviewers (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('read', 'review', 'admin')),
  created_at BIGINT NOT NULL,
  disabled_at BIGINT
);
CREATE TABLE links (
  hash TEXT PRIMARY KEY,
  reviewer_id BIGINT NOT NULL REFERENCES reviewers (id),
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at BIGINT
);
CREATE TABLE sessions (
  id INTEGER PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,
  reviewer_id BIGINT NOT NULL REFERENCES reviewers (id),
  csrf TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  ended_at BIGINT
);
CREATE TABLE digests (
  day TEXT PRIMARY KEY,
  claimed_at BIGINT NOT NULL,
  sent_at BIGINT,
  error TEXT NOT NULL DEFAULT ''
);
CREATE TABLE settings (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL,
  at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE TABLE counters (
  name TEXT PRIMARY KEY,
  value BIGINT NOT NULL
) WITHOUT ROWID;
INSERT INTO counters (name, value) VALUES ('token', 0), ('vectors', 0), ('ping', 0);
"""

SPENDING = """
CREATE TABLE spending (
  login TEXT NOT NULL,
  day TEXT NOT NULL,  -- UTC, as platforms bill
  purpose TEXT NOT NULL,
  what TEXT NOT NULL,
  calls BIGINT NOT NULL,
  units BIGINT NOT NULL,
  micro_dollars BIGINT NOT NULL,
  PRIMARY KEY (login, day, purpose, what)
) WITHOUT ROWID;
CREATE TABLE paid_refs (
  login TEXT NOT NULL,
  day TEXT NOT NULL,
  mac TEXT NOT NULL,  -- of the ref, under the erasure key: whoever is erased leaves nothing here
  PRIMARY KEY (login, day, mac)
) WITHOUT ROWID;
"""

FIRST_RELEASE = HEARD + UNDERSTOOD + DECIDED

# A check cannot be changed in place; nothing points at a decision, so the table is made anew.
ANSWERED_BY_HAND = """
CREATE TABLE decisions_new (
  id INTEGER PRIMARY KEY,
  request_id TEXT UNIQUE,
  kind TEXT NOT NULL CHECK (kind IN (
    'approved', 'edited', 'own_words', 'by_hand', 'rejected', 'no_reply', 'snoozed', 'recalled',
    'automatic')),
  message_id BIGINT NOT NULL REFERENCES messages (id),
  reviewer_id BIGINT NOT NULL,
  at BIGINT NOT NULL,
  reason TEXT NOT NULL DEFAULT '',
  seconds DOUBLE PRECISION,
  reply_id BIGINT REFERENCES replies (id),
  suggestion_id BIGINT REFERENCES suggestions (id),
  option_number BIGINT,
  lane_key TEXT NOT NULL DEFAULT '',
  edit_distance DOUBLE PRECISION
);
INSERT INTO decisions_new SELECT * FROM decisions;
DROP TABLE decisions;
ALTER TABLE decisions_new RENAME TO decisions;
CREATE INDEX decisions_at ON decisions (at);
CREATE INDEX decisions_message ON decisions (message_id);
"""

SEARCH_TRIGGERS = (
    # Only a change of the words touches the index: a change of state must not pay for search.
    """CREATE TRIGGER messages_search_insert AFTER INSERT ON messages BEGIN
  INSERT INTO messages_fts (rowid, text) VALUES (new.id, new.text);
END""",
    """CREATE TRIGGER messages_search_delete AFTER DELETE ON messages BEGIN
  INSERT INTO messages_fts (messages_fts, rowid, text) VALUES ('delete', old.id, old.text);
END""",
    """CREATE TRIGGER messages_search_update AFTER UPDATE OF text ON messages BEGIN
  INSERT INTO messages_fts (messages_fts, rowid, text) VALUES ('delete', old.id, old.text);
  INSERT INTO messages_fts (rowid, text) VALUES (new.id, new.text);
END""",
)
