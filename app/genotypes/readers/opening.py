"""From files to a reader: which module reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from app.genotypes.readers.contract import FormatError, GenotypeReader, prove_names
from app.genotypes.readers.file_sets import FAMILIES, family_of, kind_of, parts_of
from app.genotypes.sniff import Content, look

CONSUMER_FORMATS = frozenset(
    {"23andme", "ancestrydna", "myheritage", "ftdna", "livingdna", "consumer", "zip"}
)
"""Formats of genetic tests: of one person each, who is called after the file."""


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
    family = family_of(Path(paths[0]), found)
    if family is not None:
        return Content(family, found.spoken, readable=True)
    return found


def _opened(name: str, main: Path, paths: list[Path]) -> GenotypeReader:
    if name in FAMILIES:
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
    parts = parts_of(main)
    kinds = {ending: part[0] for part in FAMILIES[name] for ending in part}
    for path in paths:
        ending = kind_of(path)
        if ending in kinds:
            parts[kinds[ending]] = path
    return parts
