-- SPDX-License-Identifier: Apache-2.0
-- Jobs, attempts, tombstones. Times are microseconds since 1970 UTC, 0 = unset. Enums are those of offstage.v1. Long columns come last: SQLite reads a row
-- from its front, and what it passes over costs nothing.

CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
INSERT INTO meta VALUES ('state_id', lower(hex(randomblob(16)))), ('tombstone_horizon', 0);

CREATE TABLE jobs (
  seq INTEGER PRIMARY KEY,           -- order of submit
  id BLOB NOT NULL,
  revision INTEGER NOT NULL,         -- of the last change
  state INTEGER NOT NULL,
  isolation INTEGER NOT NULL,
  held INTEGER NOT NULL,
  delete_when_over INTEGER NOT NULL,
  priority INTEGER NOT NULL,
  retry_on INTEGER NOT NULL,         -- bits of 1 << Reason
  cpus INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  max_attempts INTEGER NOT NULL,
  memory_bytes INTEGER NOT NULL,
  queue_timeout INTEGER NOT NULL,    -- microseconds, 0 = none
  start_timeout INTEGER NOT NULL,
  run_timeout INTEGER NOT NULL,
  progress_timeout INTEGER NOT NULL,
  cancel_grace INTEGER NOT NULL,
  create_time INTEGER NOT NULL,
  start_time INTEGER NOT NULL,
  end_time INTEGER NOT NULL,
  request_hash BLOB NOT NULL,
  blender TEXT NOT NULL,
  start_env TEXT NOT NULL,           -- [["NAME", "value"], …], sorted
  display_name TEXT NOT NULL,
  labels TEXT NOT NULL,              -- {"key": "value", …}
  progress REAL NOT NULL,            -- -1 = none
  progress_message TEXT NOT NULL,
  failure TEXT,                      -- core/failure_json.h
  warnings TEXT NOT NULL,            -- [{…}, …] or empty
  value TEXT NOT NULL                -- the result's JSON, byte for byte, or empty
);
CREATE UNIQUE INDEX jobs_by_id ON jobs (id);
CREATE UNIQUE INDEX jobs_by_revision ON jobs (revision);
CREATE INDEX jobs_by_state ON jobs (state);   -- ends in seq, as every index of a rowid table does

-- Apart from the job: SQLite writes a row anew with each change of it, and a spec never changes.
CREATE TABLE specs (
  seq INTEGER PRIMARY KEY,
  spec BLOB NOT NULL                 -- serialized offstage.v1.JobSpec
);

CREATE TABLE attempts (
  id BLOB NOT NULL,
  job_seq INTEGER NOT NULL,
  number INTEGER NOT NULL,
  state INTEGER NOT NULL,
  isolation INTEGER NOT NULL,
  pid INTEGER NOT NULL,
  start_ticks INTEGER NOT NULL,      -- with pid: the process, told from a later one with the same number
  create_time INTEGER NOT NULL,
  start_time INTEGER NOT NULL,
  end_time INTEGER NOT NULL,
  exit_code INTEGER,                 -- this and the next five: NULL = the process has not ended, or nobody saw how
  exit_signal INTEGER,
  user_cpu INTEGER,                  -- microseconds
  system_cpu INTEGER,
  max_rss_bytes INTEGER,
  killed_by TEXT,
  failure TEXT
);
CREATE UNIQUE INDEX attempts_by_id ON attempts (id);
CREATE INDEX attempts_by_job ON attempts (job_seq, number);
CREATE INDEX attempts_open ON attempts (state) WHERE state < 3;

-- What was deleted, for watchers; kept an hour.
CREATE TABLE tombstones (
  revision INTEGER PRIMARY KEY,
  id BLOB NOT NULL,
  time INTEGER NOT NULL
);
CREATE INDEX tombstones_by_time ON tombstones (time);
