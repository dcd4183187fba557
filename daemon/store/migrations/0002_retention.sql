-- SPDX-License-Identifier: Apache-2.0
-- What ended jobs leave behind: since when, and how much of the disk. The sum of all folders is kept by triggers, so that it is right at each commit,
-- whoever deletes, and costs no scan.

ALTER TABLE attempts ADD COLUMN folder_bytes INTEGER;   -- NULL = not measured yet
CREATE INDEX attempts_unmeasured ON attempts (state) WHERE folder_bytes IS NULL;
CREATE INDEX jobs_by_end ON jobs (end_time) WHERE end_time > 0;

INSERT INTO meta VALUES ('folder_bytes', 0);
CREATE TRIGGER folder_measured AFTER UPDATE OF folder_bytes ON attempts BEGIN
  UPDATE meta SET value = value + ifnull(new.folder_bytes, 0) - ifnull(old.folder_bytes, 0) WHERE key = 'folder_bytes';
END;
CREATE TRIGGER folder_gone AFTER DELETE ON attempts WHEN old.folder_bytes > 0 BEGIN
  UPDATE meta SET value = value - old.folder_bytes WHERE key = 'folder_bytes';
END;
