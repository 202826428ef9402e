"""One change of a large table: `large.py sqlite-utils|Alembic|Django CASE FILE ROWS`.

Prints who, rows, case, nanoseconds from an open connection to after it is closed, and the peak of memory in KiB.
"""
import resource
import sqlite3
import sys

from common import clock

who, case, path, rows = sys.argv[1:5]
PRAGMAS = ["PRAGMA journal_mode = WAL", "PRAGMA synchronous = NORMAL"]


def sqlite_utils():
    import sqlite_utils

    connection = sqlite3.connect(path)
    for pragma in PRAGMAS:
        connection.execute(pragma)
    table = sqlite_utils.Database(connection)["t"]
    began = clock()
    if case == "add column":
        table.add_column("extra", int, not_null_default=0)
    elif case == "set NOT NULL":
        table.transform(not_null={"age"})
    else:
        table.transform(types={"age": str})
    connection.commit()
    connection.close()
    return clock() - began


def alembic():
    from alembic.migration import MigrationContext
    from alembic.operations import Operations
    from sqlalchemy import Column, Integer, Text, create_engine

    engine = create_engine("sqlite:///" + path)
    with engine.connect() as connection:
        for pragma in PRAGMAS:
            connection.exec_driver_sql(pragma)
        began = clock()
        context = MigrationContext.configure(connection)
        operations = Operations(context)
        with context.begin_transaction():
            if case == "add column":
                operations.add_column("t", Column("extra", Integer, nullable=False, server_default="0"))
            else:
                with operations.batch_alter_table("t") as batch:
                    if case == "set NOT NULL":
                        batch.alter_column("age", existing_type=Integer(), nullable=False)
                    else:
                        batch.alter_column("age", existing_type=Integer(), type_=Text())
        connection.commit()
    engine.dispose()
    return clock() - began


def django():
    from django.conf import settings

    database = {"ENGINE": "django.db.backends.sqlite3", "NAME": path, "OPTIONS": {"init_command": ";".join(PRAGMAS)}}
    settings.configure(INSTALLED_APPS=[], DATABASES={"default": database}, USE_TZ=False)
    import django

    django.setup()
    from django.db import connection, models

    class Meta:
        db_table = "t"
        app_label = "x"

    fields = {
        "id": models.AutoField(primary_key=True),
        "name": models.TextField(db_index=True),
        "email": models.TextField(null=True),
        "age": models.IntegerField(null=True),
        "score": models.FloatField(null=True),
        "payload": models.BinaryField(null=True),
        "created_at": models.IntegerField(),
        "parent_id": models.IntegerField(null=True),
    }
    model = type("T", (models.Model,), {"__module__": "x", "Meta": Meta, **fields})

    def named(field, name):
        field.set_attributes_from_name(name)
        field.model = model
        return field

    connection.ensure_connection()
    began = clock()
    with connection.schema_editor() as editor:
        if case == "add column":
            editor.add_field(model, named(models.IntegerField(default=0, db_default=0), "extra"))
        else:
            new = models.IntegerField() if case == "set NOT NULL" else models.TextField(null=True)
            editor.alter_field(model, model._meta.get_field("age"), named(new, "age"))
    connection.close()
    return clock() - began


took = {"sqlite-utils": sqlite_utils, "Alembic": alembic, "Django": django}[who]()
connection = sqlite3.connect(path)
text = connection.execute("SELECT sql FROM sqlite_master WHERE name = 't'").fetchone()[0]
assert {"add column": "extra", "set NOT NULL": "NOT NULL", "change type": ""}[case] in text
if case == "change type":
    assert connection.execute("SELECT typeof(age) FROM t WHERE id = 7").fetchone()[0] == "text"
print(f"{who}\t{rows}\t{case}\t{took}\t{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}")
