"""From files to a reader: which files belong together, and which module reads them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import cast

from app.genotypes.readers.contract import FormatError, GenotypeReader, prove_names
from app.genotypes.sniff import Content, look

_PACKING = (".gz", ".bgz", ".zst")
_FAMILIES: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "bed": (("bed",), ("bim",), ("fam",)),
    "pgen": (("pgen",), ("pvar", "bim"), ("psam", "fam")),
    "ped": (("ped",), ("map",)),
    "tped": (("tped",), ("tfam",)),
    "gen": (("gen",), ("sample",)),
    "haps": (("haps",), ("sample",)),
    "bgen": (("bgen",), ("sample",)),
}
"""For each format the endings of its files: the one with the genotypes first; ways to spell a part."""

_KINDS = {ending for family in _FAMILIES.values() for part in family for ending in part}
CONSUMER_FORMATS = frozenset(
    {"23andme", "ancestrydna", "myheritage", "ftdna", "livingdna", "consumer", "zip"}
)
"""Formats of genetic tests: of one person each, who is called after the file."""


def file_set(path: Path) -> tuple[Path, ...]:
    """The files that belong to one of them, the one with the genotypes first; alone when it has no others.

    Missing members are left out; `open_reader` tells them by name.
    """
    parts = _parts_of(path)
    if len(parts) < 2:
        return (path,)
    return tuple(dict.fromkeys(parts.values()))


def open_reader(paths: Sequence[Path]) -> GenotypeReader:
    """A reader of one file, or of a set of files that belong together (all of it or any member).

    FormatError when the files are of no format that can be read or break its rules; OSError when one of them
    cannot be opened. VCF text goes through `scan_file` instead, which writes a cohort by itself.
    """
    main = Path(paths[0])
    found = _main_content(paths)
    if found.vcf or not found.readable:
        raise FormatError(f"content.{found.name}", str(main), f"This is {found.spoken}", advice=found.advice)
    return _opened(found.name, main, [Path(each) for each in paths])


def _main_content(paths: Sequence[Path]) -> Content:
    """Of the first file, but for a member of a set that of the set."""
    found = look(Path(paths[0]))
    family = _family_of(Path(paths[0]), found)
    if family is not None:
        return Content(family, found.spoken, readable=True)
    return found


def _opened(name: str, main: Path, paths: list[Path]) -> GenotypeReader:
    if name in _FAMILIES:
        return _with_proven_names(_opened_set(name, _with_given(name, main, paths)))
    if name == "bcf":
        from app.genotypes.readers.bcf import BcfReader

        return _with_proven_names(BcfReader(main))
    if name == "final_report":
        from app.genotypes.readers.final_report import open_final_report

        return cast(GenotypeReader, open_final_report(paths))  # its samples cannot be set, only read
    from app.genotypes.readers.consumer import open_consumer

    return open_consumer(paths)


def _with_proven_names(reader: GenotypeReader) -> GenotypeReader:
    prove_names(reader.samples, reader.origin.files[0])
    return reader


def _opened_set(name: str, parts: Mapping[str, Path]) -> GenotypeReader:
    if name == "bed":
        from app.genotypes.readers.plink1 import open_plink1

        return open_plink1(parts)
    if name == "pgen":
        from app.genotypes.readers.plink2 import open_plink2

        return open_plink2(parts)
    if name == "bgen":
        from app.genotypes.readers.bgen import open_bgen

        return open_bgen(parts)
    if name in ("ped", "tped"):
        from app.genotypes.readers.ped import open_ped

        return open_ped(parts)
    from app.genotypes.readers.oxford import open_oxford

    return open_oxford(parts)


def _with_given(name: str, main: Path, paths: list[Path]) -> dict[str, Path]:
    """The parts of a set; files that were given go before files that were found."""
    parts = _parts_of(main)
    kinds = {ending: part[0] for part in _FAMILIES[name] for ending in part}
    for path in paths:
        ending = kind_of(path)
        if ending in kinds:
            parts[kinds[ending]] = path
    return parts


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


def _family_of(path: Path, found: Content) -> str | None:
    """The format of the set a file belongs to; by its content, or by what lies beside it."""
    if found.name in _FAMILIES:
        return found.name
    if found.name not in ("bim", "fam", "pvar", "psam", "map", "tfam", "sample"):
        return None
    kind = kind_of(path) or found.name
    families = [name for name, parts in _FAMILIES.items() if any(kind in part for part in parts[1:])]
    beside, stems = _beside(path), list(_stems(path))
    told = stems[0].rpartition(".")[2]
    families = [told] if told in families else families
    for stem in stems:
        for name in families:
            if _find(beside, path, [stem], _FAMILIES[name][0]):
                return name
    return families[0] if families else None


def _parts_of(path: Path) -> dict[str, Path]:
    """The parts of the set a file belongs to, by the first spelling of their endings."""
    family = _family_of(path, look(path))
    if family is None:
        return {}
    beside, kind = _beside(path), kind_of(path)
    parts: dict[str, Path] = {}
    known = any(kind in spellings for spellings in _FAMILIES[family])
    for number, spellings in enumerate(_FAMILIES[family]):
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
