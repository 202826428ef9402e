INSERT INTO person VALUES ('José');
