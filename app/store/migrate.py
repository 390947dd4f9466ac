"""Brings a database to the version of this program. Alembic is imported only when there is work to do."""

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect, text

MIGRATIONS = Path(__file__).resolve().parent / "migrations"


def stored_version(c: Connection) -> str | None:
    """The version of the database behind a connection, None for an empty one."""
    if not inspect(c).has_table("alembic_version"):
        return None
    version = c.scalar(text("select version_num from alembic_version"))
    return None if version is None else str(version)


def upgrade(c: Connection, target: str) -> None:
    """Run the migrations up to `target` within the transaction of `c`: all of them or none.

    There is no alembic.ini and no env.py: a frozen program has only this folder.
    """
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.runtime.migration import MigrationContext, MigrationStep
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", _escaped(MIGRATIONS))
    config.set_main_option("version_locations", _escaped(MIGRATIONS))
    config.set_main_option("path_separator", "newline")
    script = ScriptDirectory.from_config(config)

    def steps(revision: Any, context: MigrationContext) -> list[MigrationStep]:
        return list(script._upgrade_revs(target, revision))

    environment = EnvironmentContext(config, script, fn=steps, destination_rev=target)
    with environment:
        environment.configure(connection=c, render_as_batch=True, transactional_ddl=True)
        environment.run_migrations()


def _escaped(path: Path) -> str:
    return str(path).replace("%", "%%")
