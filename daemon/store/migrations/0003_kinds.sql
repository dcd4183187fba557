-- SPDX-License-Identifier: Apache-2.0
-- What a worker of a job's kind has loaded before it is handed over: canonical JSON, or empty.

ALTER TABLE jobs ADD COLUMN load TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN scene TEXT NOT NULL DEFAULT '';
