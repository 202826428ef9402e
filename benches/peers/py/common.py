"""What the Python programs share: as `common.rs`. `PROGRAM N SAMPLES FOLDER [CASES]` prints who, N, case, samples by tabs."""
import os
import sqlite3
import sys
import time

WAL = "PRAGMA journal_mode = WAL"
PRAGMAS = ["PRAGMA synchronous = NORMAL", "PRAGMA foreign_keys = ON"]
FIRST_QUERY = "SELECT count(*) FROM t0000 WHERE id = 1"

clock = time.perf_counter_ns


class Sampler:
    def __init__(self):
        self.n, self.samples, self.folder = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
        self.cases = sys.argv[4].split(",") if len(sys.argv) > 4 else None
        os.makedirs(self.folder, exist_ok=True)
        if self.n >= 1000:
            self.samples = min(self.samples, 3)

    def wants(self, case):
        return self.cases is None or case in self.cases

    def path(self, who):
        return os.path.join(self.folder, f"{who}_{self.n}.db")

    def versions(self, who, *packages):
        from importlib.metadata import version

        print(f"{who}\t{self.n}\tversion\t{', '.join(f'{it} {version(it)}' for it in packages)}")
        print(f"{who}\t{self.n}\tSQLite\t{sqlite3.sqlite_version}", flush=True)

    def run(self, who, case, sample):
        """`sample` gives back nanoseconds; one of them warms the rest."""
        sample()
        found = [str(sample()) for _ in range(self.samples)]
        print(f"{who}\t{self.n}\t{case}\t{','.join(found)}", flush=True)


def table(at):
    return f"t{at:04}"


def ddl(at):
    """The statements of table `at`."""
    key = f" REFERENCES {table(at - 1)} (id)" if at % 3 == 2 else ""
    found = [
        f"CREATE TABLE {table(at)} (id INTEGER PRIMARY KEY NOT NULL, name TEXT NOT NULL, email TEXT, age INTEGER NOT NULL DEFAULT 0, "
        f"score REAL, payload BLOB, created_at INTEGER NOT NULL, parent_id INTEGER{key})"
    ]
    if at % 2 == 0:
        found.append(f"CREATE INDEX idx_{table(at)}_name ON {table(at)} (name)")
    return found


def wipe(path):
    for suffix in ("", "-wal", "-shm", "-journal"):
        try:
            os.remove(path + suffix)
        except FileNotFoundError:
            pass


def timed(what):
    began = clock()
    what()
    return clock() - began
