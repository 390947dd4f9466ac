"""Which files were made of which, as it is remembered: plain data, so that it is read and added to at once.

An entry has `files` and `of`, lists of files with `path` and `print`, either of which may be empty.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

MadeEntry = dict[str, Any]


def with_made(
    entries: Iterable[MadeEntry], files: Sequence[Mapping[str, str]], of: Sequence[Mapping[str, str]]
) -> list[MadeEntry]:
    """The entries with a new one; what lay at the paths of its files before is known by its content only.

    All that was made of the same is one entry, so that the list grows by new files alone.
    """
    sources, new = [dict(each) for each in of], [dict(each) for each in files]
    paths = {each["path"] for each in new if each["path"]}
    kept, joined = [], list(new)
    for each in entries:
        same = each["of"] == sources
        if not same and paths.isdisjoint(file["path"] for file in each["files"]):
            kept.append(each)  # nearly all of them: there may be thousands
            continue
        left = without_paths(each["files"], paths)
        if same:
            joined += left
        elif left:
            kept.append({"files": left, "of": each["of"]})
    return [*kept, {"files": _once(joined), "of": sources}]


def without_paths(files: Iterable[Mapping[str, str]], gone: Collection[str]) -> list[dict[str, str]]:
    """Files that are known by their content only where they lay at one of these paths."""
    found = [{**each, "path": "" if each["path"] in gone else each["path"]} for each in files]
    return [each for each in found if each["path"] or each["print"]]


def _once(files: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """Without those that are known by another one: by all of it, or by a content that lies somewhere."""
    placed = {each["print"] for each in files if each["path"]}
    told = [each for each in files if each["path"] or each["print"] not in placed]
    return list({(each["path"], each["print"]): each for each in told}.values())


def tidied(entries: Iterable[MadeEntry], gone: Collection[str]) -> list[MadeEntry]:
    """The same knowledge in fewer words: `gone` are paths where nothing lies any more.

    A file whose content is known needs no such path, unless something was made of it: there it may be known
    by its path alone.
    """
    entries = list(entries)
    needed = {file["path"] for each in entries for file in each["of"]}
    gone = {
        file["path"]
        for each in entries
        for file in each["files"]
        if file["print"] and file["path"] in gone and file["path"] not in needed
    }
    groups: dict[tuple[tuple[str, str], ...], MadeEntry] = {}
    for each in entries:
        key = tuple((file["path"], file["print"]) for file in each["of"])
        group = groups.setdefault(key, {"files": [], "of": each["of"]})
        group["files"] += without_paths(each["files"], gone)
    return [{**each, "files": _once(each["files"])} for each in groups.values()]


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
