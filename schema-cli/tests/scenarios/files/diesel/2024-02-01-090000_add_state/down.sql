DROP TABLE old_users;
ALTER TABLE users DROP COLUMN state;
