CREATE TABLE later (a);
