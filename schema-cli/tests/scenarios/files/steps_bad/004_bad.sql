UPDATE person SET name = 'x';
UPDATE persons SET name = 'y';
