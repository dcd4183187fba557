-- SPDX-License-Identifier: Apache-2.0
-- How many GPUs a job asks for, and which ones an attempt has until its processes are dead: their ids, with commas between.

ALTER TABLE jobs ADD COLUMN gpus INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN gpus TEXT NOT NULL DEFAULT '';
