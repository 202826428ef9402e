-- Rows of the other file.
ATTACH 'other.db' AS other;
CREATE TABLE person AS SELECT * FROM other.person;
