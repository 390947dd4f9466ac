"""Which files of a folder hold the dosages of a result."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from app.domain.problem import Kind, problem
from app.genotypes.builds import naturally

_ENDINGS = (".vcf.gz", ".vcf.bgz", ".vcf", ".bcf")
_NO_DOSES = re.compile(r"empiricaldose|\.sites\.|\.info\.", re.IGNORECASE)
_CHROMOSOME = re.compile(r"(?:^|[._-])(chr[0-9A-Za-z]+|[0-9]{1,2}|X|Y)(?=[._-])", re.IGNORECASE)


def dose_files(source: Path) -> list[Path]:
    """The files with dosages of a folder, in the order of chromosomes; a file is its own answer.

    Files that are called `….dose.vcf.gz` go before all others. ProblemError when there is none.
    """
    if source.is_file():
        return [source]
    try:
        names = [each for each in source.iterdir() if _is_candidate(each)]
    except OSError as error:
        raise problem(
            Kind.INPUT,
            "The results cannot be read",
            f"{source}: {error.strerror or error}.",
            "Choose the folder that holds the files of the result.",
            subject=str(source),
        ) from error
    named = [each for each in names if ".dose." in each.name.lower()]
    found = named or names
    if not found:
        raise problem(
            Kind.INPUT,
            "There are no dosages in this folder",
            f"{source.name} has no file that ends in .dose.vcf.gz, .vcf.gz, .vcf or .bcf.",
            "Choose the folder that holds the files of the result.",
            subject=str(source),
        )
    order = {name: number for number, name in enumerate(naturally({_chromosome(each) for each in found}))}
    return sorted(found, key=lambda each: (order[_chromosome(each)], each.name))


def _is_candidate(path: Path) -> bool:
    name = path.name.lower()
    return path.is_file() and name.endswith(_ENDINGS) and not _NO_DOSES.search(name)


def _chromosome(path: Path) -> str:
    match = _CHROMOSOME.search(path.name)
    return match[1] if match else path.name


def stem_of(path: Path) -> str:
    """The name without its endings: `chr20.dose.vcf.gz` is `chr20`."""
    name = path.name
    for ending in _ENDINGS:
        if name.lower().endswith(ending):
            name = name[: -len(ending)]
            break
    return name.removesuffix(".dose") or name


def stems_of(paths: Sequence[Path]) -> list[str]:
    """A name for each file, none twice: what else is `chr20`, such as a BCF beside a VCF, is `chr20-2`."""
    taken: set[str] = set()
    names = []
    for path in paths:
        stem = name = stem_of(path)
        number = 1
        while name.casefold() in taken:
            number += 1
            name = f"{stem}-{number}"
        taken.add(name.casefold())
        names.append(name)
    return names
