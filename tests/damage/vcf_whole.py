"""Damages of a whole VCF: its header, its samples, its chromosomes, its container."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from random import Random

from tests.damage.plan import Damage, Damaged, Draft, Expected, Later, Row, named, of_file
from tests.damage.vcf_rows import FIRST_CELL
from tests.helpers.small_study import Study, bgzf, vcf_text

VCF_GZ = "study.vcf.gz"


def no_fileformat(draft: Draft, draw: Random) -> Later:
    del draft.header[0]
    return of_file("header.no_fileformat")


def _version(text: str, code: str) -> Damage:
    def damage(draft: Draft, draw: Random) -> Later:
        draft.header[0] = f"##fileformat={text}"
        return of_file(code)

    return damage


def byte_order_mark(draft: Draft, draw: Random) -> Later:
    draft.before = "\ufeff"
    return of_file("header.byte_order_mark")


def no_columns(draft: Draft, draw: Random) -> Later:
    del draft.header[-1]
    return of_file("header.no_columns")


def wrong_columns(draft: Draft, draw: Random) -> Later:
    draft.header[-1] = draft.header[-1].replace("\tREF\tALT", "\tALT\tREF")
    return of_file("header.wrong_columns")


def blanks_everywhere(draft: Draft, draw: Random) -> Later:
    draft.header[-1] = draft.header[-1].replace("\t", " ")
    for row in draft.rows:
        row.raw = row.text().replace("\t", " ")
    return of_file("header.blanks")


def _rename(draft: Draft, draw: Random, name: str) -> str:
    words = draft.header[-1].split("\t")
    at = draw.randrange(FIRST_CELL + 1, len(words))
    words[at] = name or words[at - 1]
    draft.header[-1] = "\t".join(words)
    return words[at]


def duplicate_sample(draft: Draft, draw: Random) -> Later:
    return named("sample.duplicate", _rename(draft, draw, ""))


def risky_sample(draft: Draft, draw: Random) -> Later:
    return named("sample.risky_name", _rename(draft, draw, draw.choice(["Jane Doe", "Grüße", "a/b", "-x"])))


def nameless_sample(draft: Draft, draw: Random) -> Later:
    words = draft.header[-1].split("\t")
    at = draw.randrange(FIRST_CELL, len(words) - 1)
    words[at] = ""
    draft.header[-1] = "\t".join(words)
    return named("sample.blank", f"column {at + 1}")


def no_samples(draft: Draft, draw: Random) -> Later:
    draft.header[-1] = "\t".join(draft.header[-1].split("\t")[:8])
    for row in draft.rows:
        del row.fields[8:]
    return of_file("sample.none")


def hardly_measured(draft: Draft, draw: Random) -> Later:
    """A person of whom most genotypes are missing."""
    at = draw.randrange(FIRST_CELL, len(draft.rows[0].fields))
    for row in draft.rows:
        if draw.random() < 0.6:
            row.fields[at] = "./."
    return named("sample.call_rate", draft.header[-1].split("\t")[at])


def half_prefixed(draft: Draft, draw: Random) -> Later:
    for row in draft.rows[len(draft.rows) // 2 :]:
        row.fields[0] = _other_prefix(row.fields[0])
    return named("chromosome.mixed_prefix", draft.rows[-1].fields[0])


def _other_prefix(name: str) -> str:
    return name[3:] if name.startswith("chr") else f"chr{name}"


def wrong_prefix(draft: Draft, draw: Random) -> Later:
    for row in draft.rows:
        row.fields[0] = _other_prefix(row.fields[0])
    return named("chromosome.prefix", draft.rows[0].fields[0])


def accession(draft: Draft, draw: Random) -> Later:
    for row in draft.rows:
        row.fields[0] = "NC_000022.11" if draft.study.build == "GRCh38" else "NC_000022.10"
    return named("chromosome.unusual_name", draft.rows[0].fields[0])


def other_builds_header(draft: Draft, draw: Random) -> Later:
    """Contig lines that were copied from a file of the other build."""
    lengths = {"50818468": "51304566", "51304566": "50818468"}
    draft.header = [
        next((line.replace(old, new) for old, new in lengths.items() if old in line), line)
        for line in draft.header
    ]
    return of_file("build.header_contradicts")


def no_records(draft: Draft, draw: Random) -> Later:
    draft.rows = []
    return of_file("content.no_variants")


def two_chromosomes(draft: Draft, draw: Random) -> Later:
    prefix = "chr" if draft.rows[0].fields[0].startswith("chr") else ""
    draft.rows += [Row([f"{prefix}3", *row.fields[1:]]) for row in draft.rows[:20]]
    return of_file("chromosome.several")


def scattered(draft: Draft, draw: Random) -> Later:
    at = len(draft.rows) // 2
    prefix = "chr" if draft.rows[0].fields[0].startswith("chr") else ""
    draft.rows.insert(at, Row([f"{prefix}3", *draft.rows[at].fields[1:]]))
    return named("order.not_contiguous", draft.rows[at + 1].place)


def reversed_order(draft: Draft, draw: Random) -> Later:
    draft.rows.reverse()
    return named("order.unsorted", draft.rows[1].place)


def half_phased(draft: Draft, draw: Random) -> Later:
    """Half of the people phased, as where two cohorts were merged."""
    for row in draft.rows:
        half = (FIRST_CELL + len(row.fields)) // 2
        row.fields[half:] = [cell.replace("/", "|") for cell in row.fields[half:]]
    return of_file("genotype.mixed_phase")


WHOLE_DAMAGES: dict[str, Damage] = {
    "no ##fileformat": no_fileformat,
    "VCF 3.3": _version("VCFv3.3", "header.version"),
    "no version": _version("foo", "header.version"),
    "VCF 4.5": _version("VCFv4.5", "header.version_too_new"),
    "version misspelled": _version("vcfv4.2", "header.version_spelling"),
    "byte order mark": byte_order_mark,
    "no #CHROM": no_columns,
    "columns exchanged": wrong_columns,
    "blanks everywhere": blanks_everywhere,
    "sample twice": duplicate_sample,
    "risky sample name": risky_sample,
    "sample without a name": nameless_sample,
    "no samples": no_samples,
    "person hardly measured": hardly_measured,
    "half with chr": half_prefixed,
    "wrong prefix": wrong_prefix,
    "accession for a name": accession,
    "header of the other build": other_builds_header,
    "no records": no_records,
    "two chromosomes": two_chromosomes,
    "chromosome scattered": scattered,
    "order reversed": reversed_order,
    "half of the people phased": half_phased,
}
ALONE = frozenset(
    {"blanks everywhere", "no samples", "no records", "no #CHROM", "order reversed", "two chromosomes"}
)
"""Damages that hide others."""


# Containers

Packed = Callable[[bytes, Random], tuple[bytes, Expected]]


def cut_short(text: bytes, draw: Random) -> tuple[bytes, Expected]:
    """In the middle of a block."""
    packed = bgzf(text, 2000)
    cut = packed[: draw.randint(len(packed) // 3, len(packed) - 60)]
    return cut, Expected(("container.truncated",), "byte")


def bits_turned(text: bytes, draw: Random) -> tuple[bytes, Expected]:
    packed = bytearray(bgzf(text, 2000))
    at = draw.randint(len(packed) // 2, len(packed) - 200)
    packed[at : at + 8] = bytes(byte ^ 0x5A for byte in packed[at : at + 8])
    return bytes(packed), Expected(("container.corrupt", "container.truncated"), "byte")


def no_end_marker(text: bytes, draw: Random) -> tuple[bytes, Expected]:
    return bgzf(text)[:-28], Expected(("container.no_eof_marker",))


def plain_gzip(text: bytes, draw: Random) -> tuple[bytes, Expected]:
    return gzip.compress(text, draw.randint(1, 9), mtime=0), Expected(("container.gzip",))


def gzip_cut_short(text: bytes, draw: Random) -> tuple[bytes, Expected]:
    packed = gzip.compress(text, mtime=0)
    return packed[: draw.randint(len(packed) // 2, len(packed) - 9)], Expected(
        ("container.truncated",), "byte"
    )


def no_compression(text: bytes, draw: Random) -> tuple[bytes, Expected]:
    return text, Expected(("container.plain",))


def nothing(text: bytes, draw: Random) -> tuple[bytes, Expected]:
    return b"", Expected(("content.empty",))


def _foreign(start: bytes, code: str) -> Packed:
    def packed(text: bytes, draw: Random) -> tuple[bytes, Expected]:
        return start + draw.randbytes(3000), Expected((code,))

    return packed


def web_page(text: bytes, draw: Random) -> tuple[bytes, Expected]:
    """What a failed download leaves under the right name."""
    page = b"<!DOCTYPE html><html><body>404 Not found</body></html>\n"
    return page, Expected(("content.html",))


def wide_characters(text: bytes, draw: Random) -> tuple[bytes, Expected]:
    return text.decode().encode("utf-16"), Expected(("content.utf16",))


CONTAINER_DAMAGES: dict[str, Packed] = {
    "cut short": cut_short,
    "bits turned": bits_turned,
    "no end marker": no_end_marker,
    "plain gzip": plain_gzip,
    "gzip cut short": gzip_cut_short,
    "not compressed": no_compression,
    "empty": nothing,
    "web page": web_page,
    "UTF-16": wide_characters,
    "PDF": _foreign(b"%PDF-1.7\n", "content.pdf"),
    "picture": _foreign(b"\x89PNG\r\n\x1a\n", "content.image"),
    "7-Zip": _foreign(b"7z\xbc\xaf\x27\x1c", "content.7z"),
    "XZ": _foreign(b"\xfd7zXZ\0", "content.xz"),
    "database": _foreign(b"SQLite format 3\0", "content.sqlite"),
    "BAM inside": lambda text, draw: (bgzf(b"BAM\1" + draw.randbytes(500)), Expected(("content.bam",))),
}


# Several files


def same_chromosome(study: Study) -> Damaged:
    files = {"a.vcf.gz": bgzf(vcf_text(study).encode()), "b.vcf.gz": bgzf(vcf_text(study).encode())}
    found = Expected(("files.same_chromosome",), "a.vcf.gz", "-")
    return Damaged("chromosome in two files", files, (found,), tuple(files))


def other_people(one: Study, other: Study) -> Damaged:
    files = {
        "a.vcf.gz": bgzf(vcf_text(one).encode()),
        "b.vcf.gz": bgzf(vcf_text(other.only(slice(3))).encode()),
    }
    found = Expected(("files.samples_differ",), one.samples[3], "b.vcf.gz")
    return Damaged("other people in the second file", files, (found,), tuple(files))


def other_order(one: Study, other: Study) -> Damaged:
    turned = other.only(slice(None, None, -1))
    files = {"a.vcf.gz": bgzf(vcf_text(one).encode()), "b.vcf.gz": bgzf(vcf_text(turned).encode())}
    found = Expected(("files.sample_order",), "", "b.vcf.gz")
    return Damaged("people in another order", files, (found,), tuple(files))


def stale_index(study: Study) -> Damaged:
    """An index of another file beside it."""
    files = {VCF_GZ: bgzf(vcf_text(study).encode()), f"{VCF_GZ}.tbi": bgzf(b"TBI\1" + bytes(32))}
    return Damaged("stale index", files, (Expected(("index.stale",), "", VCF_GZ),), (VCF_GZ,))
