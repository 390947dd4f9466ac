"""Which files were made of which, as it is remembered: plain data, so that it is read and added to at once.

An entry has `files` and `of`, lists of files with `path` and `print`, either of which may be empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

MadeEntry = dict[str, Any]


def with_made(
    entries: Iterable[MadeEntry], files: Sequence[Mapping[str, str]], of: Sequence[Mapping[str, str]]
) -> list[MadeEntry]:
    """The entries with a new one; what lay at the paths of its files before is known by its content only.

    The same made again of the same is one entry.
    """
    entry = {"files": [dict(each) for each in files], "of": [dict(each) for each in of]}
    paths, known = {each["path"] for each in files}, {each["print"] for each in files}

    def older(file: Mapping[str, str]) -> dict[str, str]:
        return {**file, "path": "" if file["path"] in paths else file["path"]}

    kept = []
    for each in entries:
        if each["of"] != entry["of"] and paths.isdisjoint(file["path"] for file in each["files"]):
            kept.append(each)  # nearly all of them: there may be thousands
            continue
        left = [file for file in map(older, each["files"]) if file["path"] or file["print"]]
        again = each["of"] == entry["of"] and all(not f["path"] and f["print"] in known for f in left)
        if left and not again:
            kept.append({"files": left, "of": each["of"]})
    return [*kept, entry]


def add_sources(paths: set[str], prints: set[str], entries: Iterable[MadeEntry]) -> None:
    """Add what files were made of, what that was made of, and so on."""
    left = list(entries)
    while True:
        more = [each for each in left if any(_is_one(file, paths, prints) for file in each["files"])]
        if not more:
            return
        left = [each for each in left if each not in more]
        for each in more:
            paths |= {file["path"] for file in each["of"] if file["path"]}
            prints |= {file["print"] for file in each["of"] if file["print"]}


def _is_one(file: Mapping[str, str], paths: set[str], prints: set[str]) -> bool:
    return file["path"] in paths or bool(file["print"] and file["print"] in prints)
