"""Whether files can be under a rule at all, told without what is slow to import.

Where they can be, `carrying` finds the rule and carries it over.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from app.domain.rule_file import RULE_FILE

if TYPE_CHECKING:
    from app.cli.program import Session

RULES, MADE, SETTINGS = "residency", "residency_made", "settings"


def may_be_ruled(session: Session, paths: Sequence[Path]) -> bool:
    """False only where no folder above has a rule and the data folder, if there is one, remembers none."""
    return _folder_rules(paths) or _remembers(session.program.database(session.home))


def _folder_rules(paths: Sequence[Path]) -> bool:
    folders = {
        folder for path in paths for one in (path.absolute(), path.resolve()) for folder in one.parents
    }
    folders |= {one for path in paths if path.is_dir() for one in (path.absolute(), path.resolve())}
    return any((folder / RULE_FILE).exists() for folder in folders)


def _remembers(database: Path) -> bool:
    if not database.exists():
        return False
    from app.store.glance import glance

    kept = glance(database, (RULES, MADE, SETTINGS))
    if kept is None:
        return True
    if any(kept.get(key, "[]").strip() not in ("", "[]") for key in (RULES, MADE)):
        return True
    try:
        told = json.loads(kept.get(SETTINGS, "{}"))
        return bool(str(told.get("data", {}).get("only_to", "")).strip())
    except (ValueError, AttributeError):
        return True
