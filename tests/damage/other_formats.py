"""Damages of the other formats: PLINK 1 and 2, BCF, BGEN, Oxford, consumer tests, final reports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

from tests.damage.plan import Damaged, Expected
from tests.helpers.small_study import (
    FORMATS,
    Files,
    Site,
    Study,
    bed,
    consumer_text,
    final_report,
    matrix_report,
    zipped,
)

Spoil = Callable[[Files, Random], Expected]
"""Changes the files and says what must be found."""


def _line(number: int) -> str:
    return f"line {number:,}"


def _lines(files: Files, name: str) -> list[str]:
    return files[name].decode().splitlines()


def _store(files: Files, name: str, lines: list[str]) -> None:
    files[name] = ("\n".join(lines) + "\n").encode()


def cut(name: str, *codes: str, keep: float = 0.8, place: str = "") -> Spoil:
    """A file that ends too early."""

    def spoil(files: Files, draw: Random) -> Expected:
        size = len(files[name])
        files[name] = files[name][: draw.randint(int(size * keep / 2), int(size * keep))]
        return Expected(codes, place, name)

    return spoil


def cut_in_line(name: str, *codes: str) -> Spoil:
    """A text that ends before the genotype of a line; a cut behind it cannot be told from an end."""

    def spoil(files: Files, draw: Random) -> Expected:
        size = len(files[name])
        files[name] = files[name][: draw.randint(size // 2, size - 40)].rstrip(b"\r\nACGTDI-")
        return Expected(codes, "line", name)

    return spoil


def longer(name: str, *codes: str) -> Spoil:
    """Bytes behind the end."""

    def spoil(files: Files, draw: Random) -> Expected:
        files[name] += draw.randbytes(draw.randint(5, 50))
        return Expected(codes, "", name)

    return spoil


def missing(name: str, *codes: str, file: str) -> Spoil:
    """A member of the set is not there."""

    def spoil(files: Files, draw: Random) -> Expected:
        del files[name]
        return Expected(codes, "", file)

    return spoil


def emptied(name: str, *codes: str) -> Spoil:
    """A member without content."""

    def spoil(files: Files, draw: Random) -> Expected:
        files[name] = b""
        return Expected(codes, "", name)

    return spoil


def first_bytes(name: str, start: bytes, *codes: str) -> Spoil:
    """Other magic bytes."""

    def spoil(files: Files, draw: Random) -> Expected:
        files[name] = start + files[name][len(start) :]
        return Expected(codes, "", name)

    return spoil


def drop_line(name: str, *codes: str, file: str = "", first: int = 1) -> Spoil:
    """A line is gone."""

    def spoil(files: Files, draw: Random) -> Expected:
        lines = _lines(files, name)
        del lines[draw.randrange(first, len(lines))]
        _store(files, name, lines)
        return Expected(codes, "", file or name)

    return spoil


def repeat_line(name: str, *codes: str, first: int = 0) -> Spoil:
    """A line stands there twice; the second one is the place."""

    def spoil(files: Files, draw: Random) -> Expected:
        lines = _lines(files, name)
        at = draw.randrange(first, len(lines))
        lines.insert(at, lines[at])
        _store(files, name, lines)
        return Expected(codes, _line(at + 2), name)

    return spoil


def fewer_words(name: str, *codes: str, first: int = 1, split: str | None = None, count: int = 1) -> Spoil:
    """A line lacks its last words."""

    def spoil(files: Files, draw: Random) -> Expected:
        lines = _lines(files, name)
        at = draw.randrange(first, len(lines))
        lines[at] = (split or " ").join(lines[at].split(split)[:-count])
        _store(files, name, lines)
        return Expected(codes, _line(at + 1), name)

    return spoil


def word(
    name: str,
    column: int,
    text: str,
    *codes: str,
    first: int = 1,
    split: str | None = None,
    place: str = "line",
) -> Spoil:
    """A word of a line is replaced; `place` is `line`, empty (the file) or a text."""

    def spoil(files: Files, draw: Random) -> Expected:
        lines = _lines(files, name)
        at = draw.randrange(first, len(lines))
        words = lines[at].split(split)
        words[column] = text
        lines[at] = (split or " ").join(words)
        _store(files, name, lines)
        return Expected(codes, _line(at + 1) if place == "line" else place, name if not place else "")

    return spoil


def every_word(name: str, columns: tuple[int, ...], table: dict[str, str], *codes: str) -> Spoil:
    """Words of all lines are replaced."""

    def spoil(files: Files, draw: Random) -> Expected:
        lines = [line.split() for line in _lines(files, name)]
        for words in lines:
            for column in columns:
                words[column] = table.get(words[column], words[column])
        _store(files, name, [" ".join(words) for words in lines])
        return Expected(codes, "", name)

    return spoil


def turn_bits(name: str, *codes: str, low: float = 0.5, high: float = 0.9) -> Spoil:
    """Some bytes in the second half are changed."""

    def spoil(files: Files, draw: Random) -> Expected:
        data = bytearray(files[name])
        at = draw.randint(int(len(data) * low), int(len(data) * high))
        data[at : at + 6] = bytes(byte ^ 0x5A for byte in data[at : at + 6])
        files[name] = bytes(data)
        return Expected(codes, "", name)

    return spoil


def swapped_lines(name: str, first: int, *codes: str) -> Spoil:
    """Two neighbouring sites stand in the wrong order."""

    def spoil(files: Files, draw: Random) -> Expected:
        lines = _lines(files, name)
        at = draw.randrange(first, len(lines) - 1)
        lines[at], lines[at + 1] = lines[at + 1], lines[at]
        _store(files, name, lines)
        return Expected(codes, "", "-")

    return spoil


_PART = "plink.missing_file"
_ALL_12 = {letter: "12"["CT".count(letter)] for letter in "ACGT"}

SPOILS: dict[str, dict[str, Spoil]] = {
    "bed": {
        "cut short": cut("study.bed", "plink.bed_size"),
        "longer": longer("study.bed", "plink.bed_size"),
        "other magic": first_bytes("study.bed", b"\x6c\x1c", "plink.bed_magic"),
        "no fam": missing("study.fam", _PART, file="study.bed"),
        "no bim": missing("study.bim", _PART, file="study.bed"),
        "empty fam": emptied("study.fam", "plink.no_samples"),
        "empty bim": emptied("study.bim", "plink.no_variants", "plink.bed_size"),
        "bim line gone": drop_line("study.bim", "plink.bed_size", file="study.bed"),
        "fam with fewer people": cut("study.fam", "plink.bed_size", "plink.fam_columns", keep=0.6),
        "bim with 5 columns": fewer_words("study.bim", "plink.bim_columns", split="\t"),
        "bim position": word("study.bim", 3, "1.7e7", "plink.bim_position", split="\t"),
        "person twice": repeat_line("study.fam", "plink.duplicate_samples"),
        "fam with 3 columns": fewer_words("study.fam", "plink.fam_columns", count=3),
        "alleles 1 and 2": every_word("study.bim", (4, 5), _ALL_12, "plink.alleles_12"),
        "bim unsorted": swapped_lines("study.bim", 2, "order.unsorted"),
    },
    "pgen": {
        "cut short": cut("study.pgen", "plink2.size"),
        "other magic": first_bytes("study.pgen", b"\x6c\x1b\x77", "plink2.storage_mode"),
        "no psam": missing("study.psam", "plink2.missing_file", file="study.pgen"),
        "no pvar": missing("study.pvar", "plink2.missing_file", file="study.pgen"),
        "pvar line gone": drop_line("study.pvar", "plink2.variants", file="study.pgen"),
        "pvar with 3 columns": fewer_words("study.pvar", "plink2.pvar_columns", split="\t", count=2),
        "pvar position": word("study.pvar", 1, "x", "plink2.pvar_columns", split="\t"),
        "person twice": repeat_line("study.psam", "plink2.duplicate_samples", first=1),
        "pvar head without POS": word("study.pvar", 1, "WHERE", "plink2.pvar_columns", split="\t", place=""),
    },
    "bcf": {
        "cut short": cut("study.bcf", "container.truncated"),
        "bits turned": turn_bits("study.bcf", "container.corrupt", "container.truncated"),
    },
    "bgen 1.2": {
        "cut short": cut("study.bgen", "container.truncated"),
        "bits turned": turn_bits("study.bgen", "bgen.record"),
        "other magic": first_bytes("study.bgen", b"\x14\0\0\0\x14\0\0\0\0\0\0\0\0\0\0\0nope", "bgen.magic"),
    },
    "bgen 1.1": {"cut short": cut("study.bgen", "container.truncated")},
    "ped": {
        "no map": missing("study.map", _PART, file="study.ped"),
        "map line gone": drop_line("study.map", "plink.ped_columns", file="study.ped"),
        "genotype gone": fewer_words("study.ped", "plink.ped_columns"),
        "three alleles": lambda files, draw: _three_alleles(files, draw),
        "person twice": repeat_line("study.ped", "plink.duplicate_samples"),
        "map position": word("study.map", 3, "1e7", "plink.map_position", split="\t"),
    },
    "tped": {
        "no tfam": missing("study.tfam", _PART, file="study.tped"),
        "genotype gone": fewer_words("study.tped", "plink.ped_columns", first=5),
        "person gone": drop_line("study.tfam", "plink.ped_columns", file="study.tped"),
    },
    "gen": {
        "row too short": fewer_words("study.gen", "oxford.columns"),
        "no sample file": missing("study.sample", "oxford.missing_file", file="study.gen"),
        "person gone": drop_line("study.sample", "oxford.columns", file="study.gen", first=3),
        "person twice": repeat_line("study.sample", "oxford.duplicate_samples", first=2),
        "no number": word("study.gen", 9, "x", "oxford.value"),
        "position": word("study.gen", 2, "1e7", "oxford.position"),
    },
    "haps": {"row too short": fewer_words("study.haps", "oxford.columns")},
    "final report": {
        "cut in a line": cut("report.txt", "final_report.line", "final_report.incomplete", place="line"),
        "line gone": drop_line("report.txt", "final_report.incomplete", first=12),
        "line twice": lambda files, draw: _report_line_twice(files, draw),
        "line too short": fewer_words("report.txt", "final_report.line", first=12, split="\t"),
        "position": word("report.txt", 5, "1e7", "final_report.position", first=12, split="\t"),
        "no sample": word("report.txt", 1, "", "final_report.sample", first=12, split="\t"),
    },
    "final report matrix": {
        "line gone": drop_line("matrix.txt", "final_report.incomplete", first=12),
        "line too short": fewer_words("matrix.txt", "final_report.line", first=12, split="\t"),
        "position": word("matrix.txt", 2, "1e7", "final_report.position", first=12, split="\t"),
    },
    "final report AB": {
        "no manifest": missing("manifest.csv", "final_report.ab_only", file="report.txt"),
        "manifest line too short": fewer_words("manifest.csv", "manifest.line", first=6, split=",", count=4),
    },
    "23andme": {
        "line too short": fewer_words("person.txt", "consumer.line", first=5, split="\t"),
        "position": word("person.txt", 2, "1e7", "consumer.position", first=5, split="\t"),
        "genotype": word("person.txt", 3, "Q?", "genotype.invalid", first=5, split="\t", place=""),
        "one letter on an autosome": word(
            "person.txt", 3, "A", "genotype.haploid", first=5, split="\t", place=""
        ),
        "cut in a line": cut_in_line("person.txt", "consumer.line", "container.truncated"),
    },
    "23andme zip": {
        "cut short": cut("person.zip", "container.corrupt", "container.truncated"),
        "bits turned": turn_bits("person.zip", "container.corrupt", "container.truncated", low=0.3, high=0.6),
    },
    "ancestrydna": {"line too short": fewer_words("person.txt", "consumer.line", first=5, split="\t")},
    "myheritage": {"line too short": fewer_words("person.txt", "consumer.line", first=6, split=",")},
    "livingdna": {"position": word("person.txt", 2, "-5", "consumer.position", first=5, split="\t")},
    "ftdna": {"cut short": cut("person.txt.gz", "container.truncated", place="byte")},
}


def _three_alleles(files: Files, draw: Random) -> Expected:
    """One letter that nobody else has; the place is the site."""
    lines = [line.split() for line in _lines(files, "study.ped")]
    site = draw.randrange((len(lines[0]) - 6) // 2)
    column = 6 + 2 * site
    met = {letter for words in lines for letter in words[column : column + 2]}
    words = next(words for words in lines if words[column] != "0")
    words[column] = next(letter for letter in "ACGT" if letter not in met)
    _store(files, "study.ped", [" ".join(words) for words in lines])
    chromosome, _, _, position = _lines(files, "study.map")[site].split()
    return Expected(("allele.multiallelic",), f"{chromosome}:{int(position):,}")


def _report_line_twice(files: Files, draw: Random) -> Expected:
    """The place is the person and the SNP."""
    lines = _lines(files, "report.txt")
    at = draw.randrange(12, len(lines))
    lines.append(lines[at])
    _store(files, "report.txt", lines)
    snp, sample = lines[at].split("\t")[:2]
    return Expected(("final_report.same_sample",), f"{sample}, {snp}")


def spoiled(format_: str, name: str, study: Study, draw: Random) -> Damaged:
    """A file of a format with one damage."""
    files = dict(FORMATS[format_](study))
    first = next(iter(files))
    expected = SPOILS[format_][name](files, draw)
    chosen = (first, "manifest.csv") if "manifest.csv" in files else (first,)
    return Damaged(f"{format_}: {name}", files, (expected,), chosen)


def archives(study: Study) -> list[Damaged]:
    """ZIP archives that are no raw data of one person."""
    text = consumer_text(study, "23andme").encode()
    listed = {
        "two files in a ZIP": ({"a.txt": text, "b.txt": text}, "zip.members"),
        "path outside a ZIP": ({"../../a.txt": text}, "zip.path"),
        "ZIP of something else": ({"a.txt": b"hello\nworld\n"}, "consumer.columns"),
        "ZIP of a VCF": ({"a.vcf": b"##fileformat=VCFv4.2\n"}, "consumer.columns"),
    }
    return [
        Damaged(
            name, {"person.zip": zipped(members)}, (Expected((code,), "", "person.zip"),), ("person.zip",)
        )
        for name, (members, code) in listed.items()
    ]


def codings(study: Study) -> list[Damaged]:
    """Letters of Illumina's TOP strand, of BOT, and of both."""
    top = replace(study, sites=tuple(_on_strand(site, _TOP) for site in study.sites))
    bottom = replace(study, sites=tuple(_on_strand(site, not _TOP) for site in study.sites))
    half = len(study.sites) // 2
    mixed = replace(study, sites=study.sites[:half] + top.sites[half:])
    return [
        Damaged("TOP letters in a bim", bed(top), (Expected(("strand.top",)),), ("study.bed",)),
        Damaged("BOT letters in a bim", bed(bottom), (Expected(("strand.bottom",)),), ("study.bed",)),
        Damaged("half TOP in a report", final_report(mixed), (Expected(("strand.mixed",)),), ("report.txt",)),
        Damaged("TOP letters in a matrix", matrix_report(top), (Expected(("strand.top",)),), ("matrix.txt",)),
    ]


_TOP = True
_COMPLEMENT = str.maketrans("ACGT", "TGCA")


def _on_strand(site: Site, top: bool) -> Site:
    is_top = {site.ref, site.alt} in ({"A", "C"}, {"A", "G"})
    if is_top == top:
        return site
    return replace(site, ref=site.ref.translate(_COMPLEMENT), alt=site.alt.translate(_COMPLEMENT))


def other_builds(one: Study, other: Study) -> Damaged:
    """Two people whose files state different builds."""
    files = {
        "a.txt": consumer_text(one, "23andme").encode(),
        "b.txt": consumer_text(other, "livingdna").encode(),
    }
    return Damaged("people of two builds", files, (Expected(("consumer.builds",)),), tuple(files))
