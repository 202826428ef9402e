"""Django: `migrate` with nothing to do, and from nothing; in process, without the interpreter's own start."""
import os
import sys

from common import Sampler, timed, wipe

sampler = Sampler()
app = f"app{sampler.n}"
folder = os.path.join(sampler.folder, f"django{sampler.n}")
os.makedirs(os.path.join(folder, app), exist_ok=True)
open(os.path.join(folder, app, "__init__.py"), "w").close()
with open(os.path.join(folder, app, "models.py"), "w") as file:
    file.write("from django.db import models\n")
    for at in range(sampler.n):
        parent = "models.IntegerField(null=True)"
        if at % 3 == 2:
            parent = f"models.ForeignKey(T{at - 1:04}, null=True, on_delete=models.CASCADE, db_index=False)"
        file.write(
            f"""class T{at:04}(models.Model):
    name = models.TextField(db_index={at % 2 == 0})
    email = models.TextField(null=True)
    age = models.IntegerField(default=0)
    score = models.FloatField(null=True)
    payload = models.BinaryField(null=True)
    created_at = models.IntegerField()
    parent = {parent}
    class Meta:
        db_table = "t{at:04}"
"""
        )
sys.path.insert(0, folder)
path = sampler.path("django")
wipe(path)

import django
from django.conf import settings

options = {"init_command": "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"}
settings.configure(
    INSTALLED_APPS=[app],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": path, "OPTIONS": options}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=False,
)
django.setup()
from django.core.management import call_command
from django.db import connection

call_command("makemigrations", app, verbosity=0)
sampler.versions("Django migrate", "Django")
if sampler.n >= 1000:
    sampler.samples = 1


def migrate():
    call_command("migrate", verbosity=0)


def create():
    connection.close()
    wipe(path)
    return timed(migrate)


if sampler.wants("create"):
    # Ten seconds each, where there are 1,000 tables: nothing warms it there.
    if sampler.n >= 1000:
        print(f"Django migrate\t{sampler.n}\tcreate\t{create()}", flush=True)
    else:
        sampler.run("Django migrate", "create", create)
if sampler.wants("start"):
    migrate()
    sampler.run("Django migrate", "start", lambda: timed(migrate))
connection.close()
wipe(path)
