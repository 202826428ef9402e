INSERT INTO person (name) VALUES ('ada'), ('alan');
