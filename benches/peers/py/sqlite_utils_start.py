"""sqlite-utils: its numbered migrations, whose names are compared with a table."""
import sqlite3

import sqlite_utils
from sqlite_utils import Migrations

from common import FIRST_QUERY, PRAGMAS, WAL, Sampler, clock, ddl, table, timed, wipe

WHO = "sqlite-utils migrations"
sampler = Sampler()
path = sampler.path("sqlite-utils")
migrations = Migrations("main")
for at in range(sampler.n):

    def step(db, at=at):
        for sql in ddl(at):
            db.execute(sql)

    migrations(name=table(at))(step)


def opened(create=False):
    connection = sqlite3.connect(path)
    for pragma in ([WAL] if create else []) + PRAGMAS:
        connection.execute(pragma)
    db = sqlite_utils.Database(connection)
    migrations.apply(db)
    return db


def create():
    wipe(path)
    began = clock()
    db = opened(create=True)
    took = clock() - began
    db.close()
    return took


def first_query():
    began = clock()
    db = opened()
    db.execute(FIRST_QUERY).fetchone()
    took = clock() - began
    db.close()
    return took


sampler.versions(WHO, "sqlite-utils")
create()
if sampler.wants("start"):
    db = opened()
    db.execute(FIRST_QUERY).fetchone()
    sampler.run(WHO, "start", lambda: timed(lambda: migrations.apply(db)))
    db.close()
    sampler.run(WHO, "open, start, first query", first_query)
if sampler.wants("create"):
    sampler.run(WHO, "create", create)
wipe(path)
