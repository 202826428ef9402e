"""SQLAlchemy and Alembic: three things that a start may do, in process, without the interpreter's own start.

`create_all` looks which tables exist; Alembic's heads are one row of a table; `compare_metadata` compares the catalog.
"""
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import BLOB, REAL, Column, ForeignKey, Integer, MetaData, Table, Text, create_engine, event, pool

from common import FIRST_QUERY, PRAGMAS, WAL, Sampler, clock, table, timed, wipe

sampler = Sampler()
path = sampler.path("alembic")
metadata = MetaData()
for at in range(sampler.n):
    key = [ForeignKey(f"{table(at - 1)}.id")] if at % 3 == 2 else []
    Table(
        table(at),
        metadata,
        Column("id", Integer, primary_key=True, nullable=False),
        Column("name", Text, nullable=False, index=(at % 2 == 0)),
        Column("email", Text),
        Column("age", Integer, nullable=False, server_default="0"),
        Column("score", REAL),
        Column("payload", BLOB),
        Column("created_at", Integer, nullable=False),
        Column("parent_id", Integer, *key),
    )


def engine():
    made = create_engine("sqlite:///" + path, poolclass=pool.NullPool)

    @event.listens_for(made, "connect")
    def _(connection, _record):
        for pragma in PRAGMAS:
            connection.execute(pragma)

    return made


def create():
    wipe(path)
    began = clock()
    with engine().connect() as connection:
        connection.exec_driver_sql(WAL)
        metadata.create_all(connection)
        connection.commit()
        return clock() - began


def compare(connection):
    found = compare_metadata(MigrationContext.configure(connection), metadata)
    assert found == [], found[:2]


checks = {
    "SQLAlchemy create_all": metadata.create_all,
    "Alembic heads": lambda connection: MigrationContext.configure(connection).get_current_heads(),
    "Alembic compare_metadata": compare,
}
for who in checks:
    sampler.versions(who, "SQLAlchemy", "alembic")
create()
for who, check in checks.items():
    if not sampler.wants("start"):
        break
    with engine().connect() as connection:
        connection.exec_driver_sql(FIRST_QUERY)
        sampler.run(who, "start", lambda: timed(lambda: check(connection)))

    def opened():
        began = clock()
        with engine().connect() as connection:
            check(connection)
            connection.exec_driver_sql(FIRST_QUERY)
            return clock() - began

    sampler.run(who, "open, start, first query", opened)
if sampler.wants("create"):
    sampler.run("SQLAlchemy create_all", "create", create)
wipe(path)
