"""What the data folder says of the rule of files, at a glance: without the store and what it loads.

It only tells whether there can be a rule; `carrying` finds it. As `operations.residency.rule_for` looks at
what was stated of files, at what they were made of, and at results to which they belong.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from app.cli.work.quick_rule import folder_rules, folders_above
from app.domain.made_files import MadeEntry, add_sources, with_made
from app.domain.path_names import kept, opened
from app.genotypes.prints import prints_of
from app.store.glance import Document, glance, glance_results, note

RULES, MADE, SETTINGS, LOOKED = "residency", "residency_made", "settings", "residency_results"


def may_be_remembered(database: Path, paths: Sequence[Path]) -> bool:
    """False only where the data folder, which is there, knows of no rule for files."""
    try:
        return _remembered(database, _files(paths))
    except (ValueError, KeyError, TypeError, AttributeError, OSError):
        return True  # not as this version writes it


def note_made(database: Path, files: Sequence[Path], of: Sequence[Path]) -> bool:
    """Remember of what files were made; False where it has to be done with the store."""
    made, sources = _known(_files(files)), _known(_files(of))
    return note(database, MADE, lambda text: json.dumps(with_made(json.loads(text or "[]"), made, sources)))


def _remembered(database: Path, paths: set[str]) -> bool:
    told = glance(database, (RULES, MADE, SETTINGS, LOOKED))
    if told is None or LOOKED not in told:  # results of earlier versions are to be looked at first
        return True
    if str(json.loads(told.get(SETTINGS, "{}")).get("data", {}).get("only_to", "")).strip():
        return True
    stated, made = json.loads(told.get(RULES, "[]")), json.loads(told.get(MADE, "[]"))
    prints: set[str] = set()
    if _of_results(database, paths, prints, made):
        return True
    if any(opened(each["path"]) in paths or (each["print"] and each["print"] in prints) for each in stated):
        return True
    return folder_rules(paths)


def _of_results(database: Path, paths: set[str], prints: set[str], made: list[MadeEntry]) -> bool:
    """Add all of which files were made; True where a result among these may be under a rule by its record."""
    looked: set[str] = set()
    while new := paths - looked:
        looked |= new
        prints |= {each for path in new for each in prints_of(path)}
        add_sources(paths, prints, made)
        near = glance_results(database, sorted({kept(str(each)) for each in folders_above(new)}))
        if near is None:
            return True
        for result, job, dataset in near:
            if not _is_of(result, looked):
                continue
            if job.get("residency") or dataset.get("residency") or dataset.get("made_from"):
                return True
            paths |= {opened(each["path"]) for each in (*job.get("files", ()), *dataset.get("files", ()))}
    return False


def _is_of(result: Document, paths: set[str]) -> bool:
    """Whether one of the files belongs to a result, or was exported of it."""
    folder = Path(opened(result["folder"]))
    own = {str(folder / opened(each["path"])) for each in result.get("files", ())}
    exported = {
        opened(f) for export in result.get("exports", ()) for one in export["sets"] for f in one["files"]
    }
    if paths & (own | exported):
        return True
    return not result.get("in_place") and any(folder in Path(each).parents for each in paths)


def _files(paths: Sequence[Path]) -> set[str]:
    """Files, those in folders among them, as they were named and as links lead."""
    found = {each.absolute() for each in paths}
    found |= {Path(each.path).absolute() for path in paths if path.is_dir() for each in os.scandir(path)}
    return {str(one) for each in found for one in (each, each.resolve())}


def _known(paths: Iterable[str]) -> list[dict[str, str]]:
    files = [each for each in sorted(paths) if os.path.isfile(each)]
    return [{"path": path, "print": each} for path in files for each in prints_of(path) or ("",)]
