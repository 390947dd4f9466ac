"""What dropped files are by their names: which set of genotypes, a list of left out sites, a site list."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from PySide6.QtCore import QCoreApplication

from app.ui.text import plural

_CHROMOSOME = re.compile(r"(?:chr|chromosome|_|\.|-)(\d{1,2}|X|Y|MT)(?=[_.\-]|$)", re.IGNORECASE)
_FAMILIES = (
    ((".vcf.gz", ".vcf", ".vcf.bgz"), "VCF"),
    ((".bcf",), "BCF"),
    ((".pgen", ".pvar", ".psam", ".pvar.zst"), "PLINK 2"),
    ((".bed", ".bim", ".fam"), "PLINK"),
    ((".ped", ".map"), "PLINK text"),
    ((".bgen", ".bgen.bgi"), "BGEN"),
    ((".gen", ".gen.gz", ".sample"), "Oxford"),
    ((".csv", ".txt", ".zip"), ""),
)
_SETS = {"PLINK": ".bed", "PLINK 2": ".pgen", "PLINK text": ".ped", "BGEN": ".bgen", "Oxford": ".gen"}
_EXCLUDED = re.compile(
    r"^((snps|chunks)[-_.]?excluded|(snps[-_.]?)?typed[-_.]?only).*\.txt(\.gz)?$", re.IGNORECASE
)
_RESULTS = re.compile(
    r"(\.dose\.(vcf(\.b?gz)?|bcf)|\.empiricalDose\.vcf(\.b?gz)?|\.info(\.gz)?"
    r"|^(chr_?(\d{1,2}|X[\w.]*)|results?)\.zip)$",
    re.IGNORECASE,
)
_ANY_RESULT = (
    *(".vcf", ".vcf.gz", ".vcf.bgz", ".bcf", ".zip", ".csv", ".tsv", ".tab", ".txt", ".md5", ".tbi", ".csi"),
    *(".part", ".partial", ".crdownload", ".download"),
)
MOST_LOOKED_AT = 2000
_SITES = re.compile(r"(\.sites\.tab(\.gz)?|\.legend(\.gz)?|sites.*\.(gz|vcf|bcf|tab))$", re.IGNORECASE)


def is_excluded_list(path: Path) -> bool:
    """A list that a job wrote (`snps-excluded.txt`, `typed-only.txt`, `chunks-excluded.txt`), by its name."""
    return _EXCLUDED.match(path.name) is not None


def is_site_list(path: Path) -> bool:
    """A list of the sites of a panel, by its name."""
    return _SITES.search(path.name) is not None


def is_result_file(path: Path) -> bool:
    """A file of an imputation result or an archive of one, by its name."""
    return _RESULTS.search(path.name) is not None


def may_be_result(path: Path) -> bool:
    """Whether a file, whatever it is called, or a folder can be of a result that a person downloaded."""
    return not path.suffix or is_result_file(path) or path.name.lower().endswith(_ANY_RESULT)


def holds_result(folder: Path) -> bool:
    """Whether a folder has a file of a result in it or in a folder below; it looks on the disk."""
    try:
        with os.scandir(folder) as found:
            entries = list(islice(found, MOST_LOOKED_AT))
        if any(is_result_file(Path(each.name)) for each in entries):
            return True
        below = [each.path for each in entries if each.is_dir(follow_symlinks=False)]
        return any(is_result_file(Path(name)) for each in below for name in os.listdir(each))
    except OSError:
        return False


def family(path: Path) -> str:
    """The kind of genotypes by the end of the name; empty for text and for folders."""
    name = path.name.lower()
    return next((kind for ends, kind in _FAMILIES if name.endswith(ends)), "")


def sets_of(paths: Sequence[Path]) -> list[tuple[str, str]]:
    """Files that belong together, once: `ceu.bed`, `ceu.bim` and `ceu.fam` are (`ceu`, `PLINK`)."""
    found: dict[tuple[str, str], None] = {}
    for path in paths:
        kind = family(path)
        name = path.name
        if kind in _SETS:
            name = re.sub(r"(\.gz|\.zst|\.bgi)$", "", name)
            name = name.rpartition(".")[0] or name
        found[(name, kind)] = None
    return list(found)


def chromosomes_of(paths: Sequence[Path]) -> list[str]:
    """Chromosomes that the names speak of, in order; empty when one of them says nothing."""
    named = [_CHROMOSOME.search(path.name) for path in paths]
    if not all(named):
        return []
    found = {m[1].upper() for m in named if m is not None}
    return sorted(found, key=lambda c: (not c.isdigit(), int(c) if c.isdigit() else 0, c))


def drop_sentence(paths: Sequence[Path]) -> str:
    """`3 VCF files, chromosomes 20–22: check as one dataset`."""
    sets = sets_of(paths)
    if len(paths) == 1:
        kind = sets[0][1]
        if not paths[0].suffix:
            return _t("Folder {0}: check the genotype files in it as one dataset").format(paths[0].name)
        needs = _t(" with the files that belong to it") if kind in _SETS else ""
        return _t("{0}{1}: check as a new dataset").format(paths[0].name, needs)
    if len(sets) == 1:
        return _t("{0}, {1}: check as a new dataset").format(sets[0][0], _parts(paths))
    kinds = {kind for _, kind in sets}
    kind = f"{kinds.pop()} " if len(kinds) == 1 and "" not in kinds else ""
    n = len(sets)
    what = plural(QCoreApplication.translate("Drop", "%Ln {0}file(s)", None, n), n).format(kind)
    if any(not path.suffix for path in paths):
        what = plural(QCoreApplication.translate("Drop", "%Ln file(s) or folder(s)", None, n), n)
    where = _chromosome_words(chromosomes_of(paths))
    return _t("{0}: check as one dataset").format(", ".join(part for part in (what, where) if part))


def _parts(paths: Sequence[Path]) -> str:
    return _t("{0} together").format(" + ".join(path.suffix.removeprefix(".") for path in paths))


def _chromosome_words(names: Sequence[str]) -> str:
    if not names:
        return ""
    numbers = [int(name) for name in names if name.isdigit()]
    if len(numbers) == len(names) > 1 and numbers == list(range(numbers[0], numbers[-1] + 1)):
        return _t("chromosomes {0}–{1}").format(numbers[0], numbers[-1])
    word = _t("chromosome {0}") if len(names) == 1 else _t("chromosomes {0}")
    return word.format(", ".join(names))


def _t(words: str) -> str:
    return QCoreApplication.translate("Drop", words)
