-- Few have one.
ALTER TABLE task ADD COLUMN note TEXT;
