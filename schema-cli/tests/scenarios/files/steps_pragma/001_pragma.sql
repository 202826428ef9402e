PRAGMA foreign_keys = OFF;
DROP TABLE person;
PRAGMA foreign_keys = ON;
