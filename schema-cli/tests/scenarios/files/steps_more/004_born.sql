-- schema: after
UPDATE person SET born = 1815;
