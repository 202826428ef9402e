ALTER TABLE task ADD COLUMN done INTEGER NOT NULL DEFAULT 0;
UPDATE task
  SET title = trim(title);
