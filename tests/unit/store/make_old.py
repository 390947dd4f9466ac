"""Writes tests/data/haplodesk-<version>.db.gz: run once a version, when it is released."""

import gzip
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from app.store import backup
from app.store.store import Store
from app.store.versions import HEAD
from tests.unit.store.test_migrations import fill

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        made, small = Path(folder) / "a.db", Path(folder) / "b.db"
        with Store.open(made) as store:
            store.write_now(fill)
        backup.make(made, small)
        with closing(sqlite3.connect(small)) as plain:
            plain.execute("VACUUM")
        target = Path(__file__).parents[2] / "data" / f"haplodesk-{HEAD}.db.gz"
        target.write_bytes(gzip.compress(small.read_bytes(), mtime=0))
