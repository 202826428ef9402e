-- Everything that SQLite takes and that a model says in some way or has to leave to the database.
CREATE TABLE "order details" (
    "Order ID" INTEGER, "type" TEXT NOT NULL DEFAULT "note", "2nd" REAL DEFAULT 0.50, _id BLOB, ID, self NUMERIC(10,2) DEFAULT 1.5,
    "größe" TEXT COLLATE NOCASE, "a""b\c" TEXT DEFAULT 'it''s "so"', "tab	here" INT,
    PRIMARY KEY ("Order ID", "type" DESC)
);
CREATE TABLE option (id INTEGER PRIMARY KEY, value ANY, "when" DATETIME DEFAULT CURRENT_TIMESTAMP, stamp TIMESTAMP NOT NULL DEFAULT 0);
CREATE TABLE "table" (id INT PRIMARY KEY, flag BOOLEAN NOT NULL DEFAULT 1, other BOOL DEFAULT FALSE);
CREATE TABLE kinds (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    status TEXT NOT NULL DEFAULT 'on hold' CHECK (status IN ('new', 'on hold', '', 'Self', '2nd', 'ON_HOLD')),
    size TEXT CHECK (size IN ('SMALL', 'VERY_LARGE')) DEFAULT 'none',
    level INTEGER CHECK (level IN (1, 2)),
    named TEXT CONSTRAINT known CHECK (named IN ('a')),
    twice TEXT CHECK (twice IN ('a')) CHECK (twice IN ('b')),
    price REAL CHECK (price > 0 -- more
    ),
    total REAL GENERATED ALWAYS AS (price * level) STORED, half AS (price / 2),
    CHECK (level < price)
);
CREATE TABLE parent (
    id INTEGER CONSTRAINT pk PRIMARY KEY ON CONFLICT REPLACE, code TEXT NOT NULL ON CONFLICT IGNORE, a INT, b VARCHAR(20),
    UNIQUE (a, b) ON CONFLICT IGNORE, CONSTRAINT code_once UNIQUE (code), UNIQUE (b COLLATE NOCASE), UNIQUE (a DESC)
);
CREATE TABLE child (
    parent_id INTEGER NOT NULL REFERENCES parent ON DELETE CASCADE ON UPDATE SET DEFAULT DEFERRABLE INITIALLY DEFERRED,
    code VARCHAR(9) CONSTRAINT by_code REFERENCES parent (code) MATCH FULL,
    text_id TEXT REFERENCES parent (id), loose REFERENCES parent (code), a INT, b TEXT, gone INT REFERENCES nowhere (id),
    plain INT REFERENCES parent (b), never INT NOT NULL REFERENCES parent (id) ON DELETE SET NULL,
    counted REFERENCES kinds (id), parent_again INT REFERENCES parent (id) REFERENCES kinds (id),
    self_id INTEGER REFERENCES child (rowid),
    FOREIGN KEY (a, b) REFERENCES parent (a, b), FOREIGN KEY (a) REFERENCES parent
);
CREATE TABLE strict_one (id INT PRIMARY KEY, any ANY DEFAULT x'00', n REAL DEFAULT 1, t TEXT DEFAULT ('a' || 'b'), "desc" TEXT) STRICT;
CREATE TABLE keyed (k TEXT, at INTEGER, PRIMARY KEY (k, at DESC)) WITHOUT ROWID, STRICT;
CREATE TABLE descending (id INTEGER PRIMARY KEY DESC, a);
CREATE TABLE collated (a TEXT, PRIMARY KEY (a COLLATE NOCASE));
CREATE TABLE nothing_null (a TEXT NOT NULL DEFAULT NULL, b INTEGER DEFAULT (NULL), c INTEGER DEFAULT -5, d DEFAULT word);
CREATE TABLE a_table_with_a_name_that_goes_on_for_very_long_indeed_and_then_some_more (
    a_column_with_a_name_that_goes_on_for_very_long INTEGER, another_column_with_a_name_that_goes_on_for_long INTEGER,
    CONSTRAINT a_constraint_of_a_name_that_goes_on UNIQUE (a_column_with_a_name_that_goes_on_for_very_long, another_column_with_a_name_that_goes_on_for_long),
    CHECK (a_column_with_a_name_that_goes_on_for_very_long > another_column_with_a_name_that_goes_on_for_long),
    CHECK (a_column_with_a_name_that_goes_on_for_very_long BETWEEN 1000000 AND 2000000 OR 1)
);
CREATE TABLE this_schema (name TEXT, descriptor TEXT, "columns" TEXT);
CREATE TABLE "Default" (id INTEGER PRIMARY KEY, "Clone" TEXT REFERENCES result (id));
CREATE TABLE result (id INTEGER PRIMARY KEY);
CREATE TABLE strict_default (a INT DEFAULT 'one') STRICT;
CREATE TABLE empty_column ("" INT);
CREATE TABLE migration_history (version TEXT PRIMARY KEY);
CREATE INDEX idx_option_value ON option (value);
CREATE UNIQUE INDEX kinds_by ON kinds (lower(size) COLLATE NOCASE DESC, status COLLATE RTRIM, level DESC) WHERE level > 0 AND size <> '';
CREATE INDEX kinds_where ON kinds (price) WHERE price > 1;
CREATE INDEX "an index" ON "order details" ("a""b\c", "2nd" DESC);
CREATE INDEX long_index_name_for_the_long_table ON a_table_with_a_name_that_goes_on_for_very_long_indeed_and_then_some_more (a_column_with_a_name_that_goes_on_for_very_long, another_column_with_a_name_that_goes_on_for_long);
CREATE INDEX by_both ON child (a, code);
CREATE INDEX on_left_out ON descending (a);
CREATE VIEW "a view" AS SELECT 1 AS "one"  
  , 2 -- ends here
;
CREATE VIEW depends AS SELECT * FROM "a view";
CREATE VIRTUAL TABLE found USING fts5(named, content='kinds', content_rowid='id');
CREATE TRIGGER t AFTER INSERT ON kinds BEGIN INSERT INTO found (rowid, named) VALUES (new.id, "x"); END;
CREATE TRIGGER on_view INSTEAD OF INSERT ON "a view" BEGIN SELECT 'back\slash'; END;
CREATE TRIGGER on_left_out_too AFTER INSERT ON descending BEGIN SELECT 1; END;
-- Of its own.
CREATE TABLE remarks ( -- what people said
    -- Since 2019; see [the wiki] <b>
    id INTEGER PRIMARY KEY, -- never used twice
                            -- in any year
    /* ``` not code
     * https://example.org/on_hold
     */
    "fooBar" TEXT, "foo_bar" TEXT, "🎉" TEXT, "🦀🦀" INT, "2" INT,
    flag INTEGER NOT NULL DEFAULT 0 CHECK (flag IN (0, 1)), other_flag INT CHECK ("other_flag" BETWEEN 0 AND 1),
    status TEXT CHECK (status IN ('open', 'shut')), old_status TEXT CHECK (old_status IN ('open', 'shut')),
    answer TEXT CHECK (answer IN ('open', 'shut')), shut_status TEXT CHECK (shut_status IN ('shut', 'open')),
    -- one or the other
    UNIQUE (status, flag)
    -- the end
);
CREATE TABLE "Box" (id INTEGER PRIMARY KEY, remark_id INT REFERENCES remarks (id));
CREATE TABLE "string" (id INTEGER PRIMARY KEY, "String" TEXT NOT NULL);
CREATE TABLE "vec" (id INTEGER PRIMARY KEY, items BLOB NOT NULL);
CREATE TABLE "options" (id INTEGER PRIMARY KEY);
CREATE TABLE order_details (id INTEGER PRIMARY KEY);
CREATE TABLE "🎉" (id INTEGER PRIMARY KEY);
CREATE TABLE "hidden ‮" ("a‮" TEXT CHECK ("a‮" <> '‮'), "" INT);
CREATE TABLE "shown ‮" ("a‮" TEXT CHECK ("a‮" <> '‮') UNIQUE ON CONFLICT IGNORE -- ‮ of it
);
CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL, run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE seaql_migrations (version VARCHAR NOT NULL PRIMARY KEY, applied_at BIGINT NOT NULL);
CREATE TABLE migrations (id INTEGER PRIMARY KEY);
CREATE VIEW broken AS SELECT gone FROM nowhere;
CREATE VIEW reads_broken AS SELECT * FROM broken;
CREATE TRIGGER on_nothing AFTER INSERT ON vec BEGIN INSERT INTO nowhere VALUES (1); END;
CREATE VIEW of_left_out AS SELECT * FROM descending;
CREATE VIRTUAL TABLE places USING rtree(id, x0, x1, y0, y1);
CREATE VIEW near AS SELECT id FROM places WHERE x0 < 1;
CREATE TABLE "étés" ("é" INT, "é" INT, "ﬁ" INT, fi INT, "a‍b" TEXT CHECK ("a‍b" IN ('é', 'é', 'ﬁ')));
CREATE TABLE "étés" (id INTEGER PRIMARY KEY);
CREATE TABLE misquoted (state TEXT CHECK (state <> "gone"), twice TEXT AS (state || "2"), word TEXT);
CREATE INDEX misquoted_word ON misquoted (word) WHERE word <> "none";
