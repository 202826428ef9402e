CREATE INDEX by_name ON person (name);
