-- SPDX-License-Identifier: Apache-2.0
-- How many result files an ended job has left, and their sizes together.

ALTER TABLE jobs ADD COLUMN file_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN file_bytes INTEGER NOT NULL DEFAULT 0;
