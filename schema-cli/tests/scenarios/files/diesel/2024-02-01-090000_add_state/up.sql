ALTER TABLE users ADD COLUMN state TEXT NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'on hold', 'gone'));
CREATE TABLE old_users (user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE, state TEXT CHECK (state IN ('new', 'on hold', 'gone')));
