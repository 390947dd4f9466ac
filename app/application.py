"""Builds the store, the secrets, the families, the scheduler and the window, and joins them.

The only module that knows everyone. The command line and the tests build the same `Desk` without a window.
"""

from __future__ import annotations

import os
from pathlib import Path

from app.operations.desk import Desk, PracticeHost
from app.services.registry import Registry
from app.store.logs import start_logging
from app.store.secrets import open_secrets
from app.store.store import Store

DATABASE = "haplodesk.db"


def default_home() -> Path:
    """The data folder: `HAPLODESK_HOME`, else where the system keeps the data of programs."""
    named = os.environ.get("HAPLODESK_HOME")
    if named:
        return Path(named).expanduser()
    from platformdirs import user_data_path

    return user_data_path("Haplodesk", appauthor=False)


def open_desk(home: Path | None = None, *, with_practice: bool = True) -> Desk:
    """Open the data folder and everything in it; raises ProblemError when that cannot be."""
    home = (home or default_home()).absolute()
    home.mkdir(parents=True, exist_ok=True)
    start_logging(home / "logs")
    secrets = open_secrets(os.environ)
    store = Store.open(home / DATABASE, backups=home / "backups")
    return Desk(home, store, secrets, Registry(), practice=practice_host(home) if with_practice else None)


def practice_host(home: Path) -> PracticeHost:
    """The practice server in the data folder, not started."""
    from app.practice.host import Host

    return Host(home / "practice")
