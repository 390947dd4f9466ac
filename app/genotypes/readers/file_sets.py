"""Which files belong together: a bed with its bim and fam. Without NumPy, for the window asks it too."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from app.genotypes.sniff import Content, look

_PACKING = (".gz", ".bgz", ".zst")
FAMILIES: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "bed": (("bed",), ("bim",), ("fam",)),
    "pgen": (("pgen",), ("pvar", "bim"), ("psam", "fam")),
    "ped": (("ped",), ("map",)),
    "tped": (("tped",), ("tfam",)),
    "gen": (("gen",), ("sample",)),
    "haps": (("haps",), ("sample",)),
    "bgen": (("bgen",), ("sample",)),
}
"""For each format the endings of its files: the one with the genotypes first; ways to spell a part."""

_KINDS = {ending for family in FAMILIES.values() for part in family for ending in part}


VCF_ENDINGS = (".vcf.gz", ".vcf", ".vcf.bgz", ".bcf")
MOST_IN_A_FOLDER = 5000
"""Files of a folder that are looked into; a folder of genotypes holds a few hundred."""

MEMBERS = frozenset({"bim", "fam", "pvar", "psam", "map", "tfam", "sample"})
"""Files without genotypes that belong to one with genotypes."""


def genotype_files(folder: Path) -> list[Path]:
    """Files of a folder that hold genotypes by their content or are called VCF, with all of their sets."""
    inside = sorted(p for p in itertools.islice(folder.iterdir(), MOST_IN_A_FOLDER) if p.is_file())
    found: dict[Path, None] = {}
    for path in inside:
        with contextlib.suppress(OSError):
            content = look(path)
            if content.name in MEMBERS:
                continue  # comes with its genotypes; alone it is a list of samples or sites
            if content.readable or path.name.lower().endswith(VCF_ENDINGS):
                found |= dict.fromkeys((path, *file_set(path)))
    return list(found)


def file_set(path: Path) -> tuple[Path, ...]:
    """The files that belong to one of them, the one with the genotypes first; alone when it has no others.

    Missing members are left out; `open_reader` tells them by name.
    """
    parts = parts_of(path)
    if len(parts) < 2:
        return (path,)
    return tuple(dict.fromkeys(parts.values()))


def kind_of(path: Path) -> str:
    """The ending that says what part of a set a file is (`bim` of x.bim.gz), else the name of its content."""
    bare = _without_packing(path.name)
    ending = bare.rpartition(".")[2].lower() if "." in bare else ""
    return ending if ending in _KINDS else ""


def _without_packing(name: str) -> str:
    for packing in _PACKING:
        if name.lower().endswith(packing):
            return name[: -len(packing)]
    return name


def family_of(path: Path, found: Content) -> str | None:
    """The format of the set a file belongs to; by its content, or by what lies beside it."""
    if found.name in FAMILIES:
        return found.name
    if found.name not in ("bim", "fam", "pvar", "psam", "map", "tfam", "sample"):
        return None
    kind = kind_of(path) or found.name
    families = [name for name, parts in FAMILIES.items() if any(kind in part for part in parts[1:])]
    beside, stems = _beside(path), list(_stems(path))
    told = stems[0].rpartition(".")[2]
    families = [told] if told in families else families
    for stem in stems:
        for name in families:
            if _find(beside, path, [stem], FAMILIES[name][0]):
                return name
    return families[0] if families else None


def parts_of(path: Path) -> dict[str, Path]:
    """The parts of the set a file belongs to, by the first spelling of their endings."""
    family = family_of(path, look(path))
    if family is None:
        return {}
    beside, kind = _beside(path), kind_of(path)
    parts: dict[str, Path] = {}
    known = any(kind in spellings for spellings in FAMILIES[family])
    for number, spellings in enumerate(FAMILIES[family]):
        mine = kind in spellings if known else number == 0
        found = path if mine else _find(beside, path, list(_stems(path)), spellings)
        if found is not None:
            parts[spellings[0]] = found
    return parts


def _beside(path: Path) -> dict[str, Path]:
    """Files in the same folder by their names in lower case; of equal ones that which is spelt alike."""
    with os.scandir(path.absolute().parent) as entries:
        names = sorted((each.name for each in entries), key=lambda name: _alike(name, path.name))
    return {name.lower(): path.parent / name for name in names}


def _alike(name: str, other: str) -> int:
    return len(os.path.commonprefix([name, other]))


def _find(
    beside: Mapping[str, Path], path: Path, stems: Sequence[str], spellings: Sequence[str]
) -> Path | None:
    """The part of a set beside one of its files: same name, another ending; packed or not."""
    for stem in stems:
        for ending in spellings:
            for packing in ("", *_PACKING):
                if (name := f"{stem}.{ending}{packing}") in beside and beside[name] != path:
                    return beside[name]
    return None


def _stems(path: Path) -> Iterator[str]:
    """Names without endings: the exact one, with the ending kept (x.bgen.sample), then shorter ones.

    `study.chr22.gen` often goes with `study.sample`; other sets share the exact name.
    """
    name = _without_packing(path.name).lower()
    kind = kind_of(path)
    stem = name[: -len(kind) - 1] if kind else name
    yield stem
    if kind in ("gen", "haps", "bgen"):
        yield name
        while "." in stem:
            stem = stem.rpartition(".")[0]
            yield f"{stem}.{kind}"
            yield stem
    elif kind in ("sample", "") and "." in stem:
        yield stem.rpartition(".")[0]
