DELETE FROM person;
