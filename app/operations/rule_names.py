"""The files in a folder that are its rule, however they are spelled. Imports little.

A system that ignores upper and lower case takes `Haplodesk-Only-To.TXT` for the file; one that does not would
forget the rule when the folder is copied there. An editor that hides endings makes `.txt.txt` of it.
"""

from __future__ import annotations

import functools
import os
import time
from pathlib import Path

from app.domain.rule_file import RULE_FILE

_SPELLED = frozenset({RULE_FILE, RULE_FILE.removesuffix(".txt"), f"{RULE_FILE}.txt"})
_SETTLED_NS = 5_000_000_000
"""A folder that was changed in these nanoseconds may change again and look as before."""


def rule_paths(folder: Path) -> list[Path]:
    """Where the rule of a folder stands; links that lead nowhere too. Empty for a folder without one."""
    named = [RULE_FILE] if os.path.lexists(folder / RULE_FILE) else []
    try:
        seen = os.stat(folder)
        settled = seen.st_mtime_ns < time.time_ns() - _SETTLED_NS
        listed = _listed if settled else _listed.__wrapped__
        named += [each for each in listed(str(folder), seen.st_ino, seen.st_mtime_ns) if each != RULE_FILE]
    except OSError:  # it is gone, or may be passed through and not listed
        pass
    return [folder / each for each in named]


@functools.lru_cache(maxsize=512)
def _listed(folder: str, inode: int, changed: int) -> tuple[str, ...]:
    """Of a folder as it is now; the other arguments say which one that is."""
    with os.scandir(folder) as entries:
        return tuple(sorted(each.name for each in entries if each.name.casefold() in _SPELLED))
