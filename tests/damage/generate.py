"""All damaged and all good files, made anew each time from fixed seeds."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from tests.damage.other_formats import SPOILS, archives, codings, other_builds, spoiled
from tests.damage.plan import Damage, Damaged, Draft, Expected, Good
from tests.damage.plink_sites import CHANGES, spoiled_bim
from tests.damage.vcf_rows import ROW_DAMAGES
from tests.damage.vcf_whole import (
    ALONE,
    CONTAINER_DAMAGES,
    VCF_GZ,
    WHOLE_DAMAGES,
    other_order,
    other_people,
    same_chromosome,
    stale_index,
)
from tests.helpers.small_study import FORMATS, Study, bgzf, make_study, vcf_text

SETS_OF_SEVERAL = 60
ROUNDS = 2


def _study(seed: int) -> Study:
    """Builds and sizes take turns."""
    return make_study(seed, build=("GRCh38", "GRCh37")[seed % 2], samples=20 + seed % 9, sites=150)


def damaged() -> Iterator[Damaged]:
    """Every kind of damage, twice in different files; several at once; and several files that do not fit."""
    for number in range(ROUNDS):
        study, draw = _study(number), Random(number)
        for name, damage in {**ROW_DAMAGES, **WHOLE_DAMAGES}.items():
            yield _vcf(f"vcf: {name} {number}", study, [damage], draw)
        for name, packed in CONTAINER_DAMAGES.items():
            data, expected = packed(vcf_text(study).encode(), draw)
            yield Damaged(f"container: {name} {number}", {VCF_GZ: data}, (expected,), (VCF_GZ,))
        for format_, spoils in SPOILS.items():
            for name in spoils:
                yield spoiled(format_, name, study, draw)
    for number in range(SETS_OF_SEVERAL):
        yield _several(number)
    for number in range(SETS_OF_SEVERAL // 3):
        draw = Random(f"bim {number}")
        yield spoiled_bim(_study(150 + number), draw.sample(sorted(CHANGES), draw.randint(1, 3)), draw)
    yield from _together()


def _vcf(name: str, study: Study, damages: list[Damage], draw: Random) -> Damaged:
    draft = Draft.of(study)
    later = [damage(draft, draw) for damage in damages]
    expected = tuple(each(draft) for each in later)
    return Damaged(name, {VCF_GZ: bgzf(draft.text().encode())}, expected, (VCF_GZ,))


def _several(number: int) -> Damaged:
    """Two to five damages in one file, at most one of them of the whole file."""
    draw = Random(f"several {number}")
    names = draw.sample(sorted(ROW_DAMAGES), draw.randint(2, 4))
    damages = [ROW_DAMAGES[name] for name in names]
    if draw.random() < 0.6:
        whole = draw.choice(sorted(set(WHOLE_DAMAGES) - ALONE - _MOVES_PLACES))
        names, damages = [whole, *names], [WHOLE_DAMAGES[whole], *damages]
    return _vcf("several: " + ", ".join(names), _study(100 + number), damages, draw)


_MOVES_PLACES = {"half with chr", "wrong prefix", "accession for a name", "half of the people phased"}


def _together() -> Iterator[Damaged]:
    one, same_build, other = _study(200), _study(202), _study(201)
    yield same_chromosome(one)
    second = make_study(203, chromosomes=("21",), build=one.build, samples=len(one.samples))
    yield other_people(one, second)
    yield other_order(one, second)
    yield stale_index(same_build)
    yield other_builds(one, other)
    yield from archives(one)
    yield from codings(one)
    yield _mixed_ploidy()
    yield _half_calls_on_x()
    yield _old_build()


def _mixed_ploidy() -> Damaged:
    """A man who is haploid here and diploid there on X."""
    study = make_study(210, chromosomes=("X",), build="GRCh37", missing=0)
    draft = Draft.of(study)
    for row in draft.rows[::2]:
        row.fields[10] = row.fields[10] if "/" in row.fields[10] else f"{row.fields[10]}/{row.fields[10]}"
    expected = Expected(("genotype.mixed_ploidy",), study.samples[1])
    return Damaged("mixed ploidy on X", {VCF_GZ: bgzf(draft.text().encode())}, (expected,), (VCF_GZ,))


def _half_calls_on_x() -> Damaged:
    study = make_study(211, chromosomes=("X",), build="GRCh37", missing=0)
    draft = Draft.of(study)
    for row in draft.rows[::3]:
        row.fields[9] = "./1"
    expected = Expected(("genotype.half_calls_x",), study.samples[0])
    return Damaged("half calls on X", {VCF_GZ: bgzf(draft.text().encode())}, (expected,), (VCF_GZ,))


def _old_build() -> Damaged:
    """Positions of hg18 without a word about it."""
    study = make_study(212, build="NCBI36", prefix="", sites=400)
    text = "\n".join(line for line in vcf_text(study).splitlines() if not line.startswith("##contig"))
    expected = Expected(("build.not_supported",))
    return Damaged("positions of hg18", {VCF_GZ: bgzf((text + "\n").encode())}, (expected,), (VCF_GZ,))


def good() -> Iterator[Good]:
    """Files of every format that nobody should refuse."""
    for number, (format_, write) in enumerate(FORMATS.items()):
        for study in (_study(300 + 2 * number), _study(301 + 2 * number)):
            files = write(study)
            first = next(iter(files))
            chosen = (first, "manifest.csv") if "manifest.csv" in files else (first,)
            yield Good(f"{format_}, {study.build}", files, chosen)
    for number in range(12):
        yield _good_vcf(number)


def _good_vcf(number: int) -> Good:
    """Large and small cohorts, phased ones, X with haploid men, whole genomes in one file a chromosome."""
    build = ("GRCh38", "GRCh37")[number % 2]
    phased, on_x = number % 3 == 0, number % 4 == 3
    chromosome = "X" if on_x else str(1 + number)
    study = make_study(
        400 + number,
        chromosomes=(chromosome,),
        build=build,
        phased=phased,
        samples=(3, 20, 120)[number % 3],
        sites=(60, 400)[number % 2],
    )
    text = vcf_text(study)
    if number % 5 == 1:
        text = text.replace("\n", "\r\n")
    if number % 5 == 2:
        text = text.rstrip("\n")
    return Good(f"VCF {number}", {VCF_GZ: bgzf(text.encode())}, (VCF_GZ,))
