"""The server's own error texts as reasons with a code, figures and the repair that mends them."""

from __future__ import annotations

import html
import re

from app.domain.repair import RepairCode
from app.domain.verdict import VerdictReason
from app.genotypes.rules import RulePack
from app.genotypes.server.parameters import ServerQcParameters

_TAGS = re.compile(r"<[^>]+>")
_NUMBER = re.compile(r"\((\d+) vs (\d+)\)")


def plain_text(text: str) -> str:
    """The server's words without mark-up."""
    return html.unescape(_TAGS.sub("", text)).strip()


_INDEX = (
    ("not BGZF", "not_bgzf", "a file is not compressed as BGZF", RepairCode.RECOMPRESS),
    ("Unsorted", "unsorted", "the variants are not sorted by position", RepairCode.SORT),
    ("not continuous", "unsorted", "a chromosome is not in one piece", RepairCode.SORT),
)


def index_reason(text: str) -> VerdictReason:
    """Why tabix cannot index a file."""
    for part, code, words, fix in _INDEX:
        if part in text:
            return VerdictReason(code=code, text=words, fix=fix)
    return VerdictReason(code="not_indexed", text=f"a file cannot be indexed ({plain_text(text)})")


_VALIDATION: tuple[tuple[str, str, str, RepairCode | None], ...] = (
    ("The maximum number of samples", "too_many_samples", "too many people", RepairCode.BATCHES),
    ("At least", "too_few_samples", "too few people", None),
    ("Please double check", "different_samples", "the files do not hold the same number of people", None),
    (
        "Two individuals",
        "duplicate_sample",
        "two people have the same name",
        RepairCode.RENAME_SAMPLES,
    ),
    (
        "The provided VCF file contains more than one",
        "several_chromosomes",
        "a file holds several chromosomes",
        RepairCode.SPLIT_CHROMOSOMES,
    ),
    (
        "Invalid chromosome",
        "invalid_chromosome",
        "a chromosome is named as the service does not take it",
        RepairCode.RENAME_CHROMOSOMES,
    ),
    ("The provided VCF file is not tab", "not_tab_delimited", "columns are not separated by tabs", None),
    (
        "The provided VCF file is malformed at",
        "same_alleles",
        "a variant has the same REF and ALT",
        RepairCode.DROP_INVALID_ALLELES,
    ),
    (
        "Your upload data contains",
        "chromosome_names",
        "chromosomes are not named as the build wants it",
        RepairCode.RENAME_CHROMOSOMES,
    ),
    (
        "Your input data is unphased",
        "unphased",
        "the genotypes are not phased and no phasing is chosen",
        None,
    ),
    ("Population", "population", "the panel does not have the chosen population", None),
    ("Unable to parse header", "header", "the header cannot be read", RepairCode.STRIP_FIELDS),
    ("No genotypes found", "no_variants", "a file holds no variants", None),
    ("No vcf.gz", "no_files", "there are no VCF files", None),
    ("Index ", "columns", "a line has too few columns", None),
    ("For input string", "position", "a position is not a whole number", RepairCode.DROP_BAD_POSITION),
)


def too_few(people: int, least: int) -> str:
    """That there are not enough people."""
    return f"{_people(people)}, at least {least:,} {'is' if least == 1 else 'are'} needed"


def too_many(people: int, most: int) -> str:
    """That there are more people than a service takes."""
    return f"{_people(people)}, {most:,} {'is' if most == 1 else 'are'} allowed"


def _people(count: int) -> str:
    return f"{count:,} {'person' if count == 1 else 'people'}"


def validation_reason(error: str, rules: ServerQcParameters, people: int = 0) -> VerdictReason:
    """Why the server does not take the files at the first look; `people` are those of the file it met."""
    code, words, fix = next(
        ((code, words, fix) for start, code, words, fix in _VALIDATION if error.startswith(start)),
        ("not_valid", plain_text(error).rstrip("."), None),
    )
    here: int | None = None
    allowed: int | None = None
    if code == "too_few_samples":
        here, allowed = people, rules.min_samples
        words = too_few(people, allowed)
    elif code == "too_many_samples":
        here, allowed = people, rules.max_samples
        words = too_many(people, allowed)
    elif found := _NUMBER.search(error):
        here, allowed = int(found[1]), int(found[2])
    elif code == "header" and "is not a supported version" in error:
        words = f"{words} ({plain_text(error).split('header: ')[-1].split(',')[0]})"
    elif code in ("duplicate_sample", "invalid_chromosome"):
        words = (
            f"{words} ({plain_text(error).rsplit(': ', 1)[-1]})" if code == "invalid_chromosome" else words
        )
    return VerdictReason(code=code, text=words, here=here, allowed=allowed, fix=fix)


_BROKEN: tuple[tuple[str, str, str, RepairCode | None], ...] = (
    ("doesn't support chromosome", "panel_chromosome", "the panel has no such chromosome", None),
    ("No GT field", "no_genotypes", "a line has no genotypes", None),
    ("different number of samples", "columns", "a line has too few columns", None),
    ("out of bounds", "columns", "a line has too many columns", None),
    ("tab-delimited", "columns", "a line has too few columns", None),
    ("VCF4_3", "vcf_version", "chromosome X cannot be given as VCF 4.3", RepairCode.STRIP_FIELDS),
    ("invalid filter name", "filter", "FILTER is “0” on chromosome X", RepairCode.CLEAR_FILTER),
    ("The allele with index", "allele_index", "a genotype on X names an allele that is not there", None),
)


def broken(error: str, pack: RulePack) -> VerdictReason:
    """Why the server's quality control breaks off."""
    for part, code, words, fix in _BROKEN:
        if part in error:
            return VerdictReason(code=code, text=words, fix=fix)
    return VerdictReason(code="broken", text=f"the quality control breaks off ({plain_text(error)})")
