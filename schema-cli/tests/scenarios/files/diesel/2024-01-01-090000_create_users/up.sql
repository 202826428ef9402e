-- People who may sign in.
CREATE TABLE users (
    id INTEGER PRIMARY KEY NOT NULL,
    "displayName" TEXT NOT NULL, -- as others see it
    type TEXT
);
