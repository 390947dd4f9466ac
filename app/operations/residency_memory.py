"""What is remembered of files by path and content: rules on where they may go, and what they were made of.

Both outlive datasets: a file that is added again, copied or moved is still the file of which a rule was
stated, and what was made of it is under its rule, also when the rule is stated later.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Sequence

from pydantic import TypeAdapter

from app.domain.dataset import DataFile, Dataset, FilePrint
from app.domain.made_files import MadeEntry, add_sources, with_made
from app.domain.model import Model
from app.domain.path_text import PathText
from app.domain.residency import Residency
from app.genotypes.prints import prints
from app.operations.rule_files import rules_of_folders
from app.store import datasets, settings
from app.store.store import Connection as StoreConnection

_RULES, MADE = "residency", "residency_made"
_PEOPLE = (
    ".vcf", ".vcf.gz", ".vcf.bgz", ".bcf", ".bgen", ".pgen", ".bed", ".ped", ".tped", ".gen", ".gen.gz",
    ".haps", ".haps.gz", ".psam", ".sample", ".fam", ".tfam", ".sav", ".msav", ".hpanel", ".bref3", ".zip",
)  # fmt: skip


class Remembered(Model):
    """A rule that was stated of a file; `print` is one of `genotypes.prints`, empty for unknown.

    With `beside` it was that of the folder: it holds for the file elsewhere, as the folder speaks for itself.
    """

    path: PathText
    print: str
    rule: Residency
    beside: bool = False


class Known(Model):
    """A file as it is recognised: by its path, or by its print. Either may be empty."""

    path: PathText
    print: str = ""


_RULES_LIST = TypeAdapter(tuple[Remembered, ...])


def known_files(files: Iterable[DataFile], before: Iterable[FilePrint] = ()) -> tuple[Known, ...]:
    """Files as they are recognised later, one entry for each print. Reads the start of each file.

    `before` are prints of earlier, for those that are gone from their place.
    """
    named = [file.path for file in files]
    by_path = prints(named)
    for each in before:
        if not os.path.lexists(each.path):
            by_path[each.path] = (*by_path.get(each.path, ()), each.print)
    return tuple(Known(path=path, print=each) for path in named for each in by_path.get(path, ("",)))


def prints_of_files(files: Iterable[DataFile]) -> tuple[FilePrint, ...]:
    """By what files are known that are there. Reads the start of each."""
    return tuple(FilePrint(path=each.path, print=each.print) for each in known_files(files) if each.print)


def holds_people(name: str) -> bool:
    """Whether files of such a name hold genotypes or names of people, or archives of them.

    Others, as lists of sites, may be the same for different people: they are not told by their content.
    """
    return name.lower().endswith(_PEOPLE)


def rules(c: StoreConnection, *, to_change: bool = False) -> tuple[Remembered, ...]:
    """All rules that were stated of files; `to_change` where they are written back."""
    text = settings.state_to_change(c, _RULES) if to_change else settings.state(c, _RULES)
    return _RULES_LIST.validate_json(text) if text else ()


def made_files(c: StoreConnection, *, to_change: bool = False) -> list[MadeEntry]:
    """Which files were made of which; `to_change` where that is written back."""
    text = settings.state_to_change(c, MADE) if to_change else settings.state(c, MADE)
    found: list[MadeEntry] = json.loads(text or "[]")
    return found


def twins(remembered: Sequence[Remembered], files: Sequence[Known]) -> frozenset[str]:
    """Paths of other files with the content of these of which something was stated, and which still are
    where they were: these are copies, and what was stated of the others stays. Reads the disk.
    """
    own, same = {each.path for each in files}, {each.print for each in files if each.print}
    others = [(each.path, each.print) for each in remembered if each.path not in own and each.print in same]
    there = prints(path for path, _ in others)
    return frozenset(path for path, known in others if known in there.get(path, ()))


def state_rule(
    c: StoreConnection, files: Sequence[Known], rule: Residency | None, copies: frozenset[str]
) -> None:
    """Remember a rule of files in place of what was stated of them, None for nothing.

    What was stated of a file that is gone from its place stays for that place only: most likely it was moved
    here. What was stated of `copies` (see `twins`) stays as it is.
    """
    own, same = {each.path for each in files}, {each.print for each in files if each.print}
    kept = []
    for each in rules(c, to_change=True):
        if each.beside and (each.path in own or each.print not in same or each.path in copies):
            kept.append(each)
        elif not each.beside and each.path not in own:
            moved = each.print in same and each.path not in copies
            kept.append(each.model_copy(update={"print": ""}) if moved else each)
    if rule is not None:
        kept += [Remembered(path=each.path, print=each.print, rule=rule) for each in files]
    _keep(c, kept)


def state_beside(c: StoreConnection, paths: Collection[str], found: Sequence[Remembered]) -> None:
    """Remember the rules of the folders of files at these paths, in place of what was seen there before."""
    kept = [each for each in rules(c, to_change=True) if not (each.beside and each.path in paths)]
    _keep(c, [*kept, *found])


def _keep(c: StoreConnection, stated: Iterable[Remembered]) -> None:
    settings.set_state(c, _RULES, _RULES_LIST.dump_json(tuple(stated)).decode())


def note_made(c: StoreConnection, *made: tuple[Sequence[Known], Sequence[Known]]) -> None:
    """Remember of what files were made: pairs of these and those.

    What lay at the paths of the former before is known by its content only.
    """
    told = [(files, of) for files, of in made if files and of]
    if not told:
        return
    entries = made_files(c, to_change=True)
    for pair in told:
        entries = with_made(entries, *([each.model_dump() for each in part] for part in pair))
    settings.set_state(c, MADE, json.dumps(entries))


def with_sources(c: StoreConnection, dataset: Dataset | None) -> tuple[Dataset, ...]:
    """A dataset, what it was made from, what that was made from, and so on."""
    line: list[Dataset] = []
    while dataset is not None and all(each.id != dataset.id for each in line):
        line.append(dataset)
        dataset = datasets.dataset(c, dataset.made_from) if dataset.made_from else None
    return tuple(line)


def family_of(c: StoreConnection, dataset_id: str) -> tuple[tuple[Dataset, Dataset], ...]:
    """Pairs of a dataset and the one it was made from, of all that a removal of this one would part."""
    found = datasets.dataset(c, dataset_id)
    if found is None:
        return ()
    line = with_sources(c, found)
    children = [each for each in datasets.datasets(c) if each.made_from == dataset_id]
    return (*zip(line, line[1:], strict=False), *((each, found) for each in children))


def rules_of_files(
    files: Iterable[DataFile], remembered: Sequence[Remembered], made: Sequence[MadeEntry]
) -> list[Residency]:
    """The rules of the folders of files and of all they were made of, and those that were stated of them.

    Reads the disk.
    """
    files = tuple(files)
    paths = {each.path for each in files}
    seen = {each for found in prints(paths).values() for each in found} if remembered or made else set()
    add_sources(paths, seen, made)
    return [*rules_of_folders(paths), *(each.rule for each in remembered if _holds(each, paths, seen))]


def _holds(stated: Remembered, paths: Collection[str], prints: Collection[str]) -> bool:
    """Whether a rule was stated of files, known by their paths or prints."""
    same = bool(stated.print) and stated.print in prints
    return same and stated.path not in paths if stated.beside else same or stated.path in paths
