"""Final reports: long and matrix, every coding with a manifest, bounded memory, refusals with a place."""

import gzip
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from app.genotypes.cohort import Cohort, CohortWriter, Reference, open_cohort
from app.genotypes.readers import final_report_long
from app.genotypes.readers.contract import FormatError
from app.genotypes.readers.final_report import open_final_report
from app.genotypes.readers.illumina_manifest import looks_like_manifest
from tests.helpers.shared import shared_data

HEAD = "[Header]\r\nGSGT Version\t2.0.4\r\nContent\tGSA-24v3-0_A1.bpm\r\n[Data]\r\n"
COMPLEMENT = str.maketrans("ACGT", "TGCA")
# name, chromosome, position, alleles on plus, design strand TOP?, design is plus?, source strand is design?
SNPS = [
    ("rs1", "1", 1000, "AG", True, True, True),
    ("rs2", "1", 2000, "CT", True, False, True),
    ("rs3", "2", 3000, "AC", False, False, False),
    ("rs4", "2", 4000, "GT", False, True, False),
    ("rs5", "X", 5000, "CG", True, False, False),
]
CALLS = {"S1": "01210", "S2": "1-020", "S3": "20121"}


def plus_pair(snp: int, call: str) -> str:
    a, b = SNPS[snp][3]
    return {"0": a + a, "1": a + b, "2": b + b, "-": "--"}[call]


def turned(snp: int, pair: str, coding: str) -> str:
    """A pair on plus, written in another coding."""
    _, _, _, alleles, top, plus, source = SNPS[snp]
    design = pair if plus else pair.translate(COMPLEMENT)
    if coding == "Plus":
        return pair
    if coding == "Design":
        return design
    if coding == "Top":
        return design if top else design.translate(COMPLEMENT)
    if coding == "Forward":
        return design if source else design.translate(COMPLEMENT)
    return pair.replace(alleles[0], "a").replace(alleles[1], "b").upper()


def manifest() -> str:
    rows = []
    for name, chromosome, position, alleles, top, plus, source in SNPS:
        snp = alleles if plus else alleles.translate(COMPLEMENT)
        strand = "TOP" if top else "BOT"
        other = "BOT" if top else "TOP"
        row = [f"{name}-138", name, strand, f"[{snp[0]}/{snp[1]}]", "ACGT", "37", chromosome, str(position)]
        rows.append(",".join([*row, strand if source else other, "+" if plus else "-"]))
    names = "IlmnID,Name,IlmnStrand,SNP,AlleleA_ProbeSeq,GenomeBuild,Chr,MapInfo,SourceStrand,RefStrand"
    head = "Illumina, Inc.,,,\n[Heading],,,\nDescriptor File Name,GSA-24v3-0_A1.bpm,,\n[Assay],,,\n"
    return head + names + "\n" + "\n".join(rows) + "\n[Controls],,,\n11,22,33\n"


def long_report(
    codings: Sequence[str] = ("Plus",), *, positions: bool = True, seed: int | None = None, split: str = "\t"
) -> str:
    names = ["SNP Name", "Sample ID", *(f"Allele{n} - {coding}" for coding in codings for n in (1, 2))]
    names += ["Chr", "Position"] if positions else []
    rows = []
    for sample, calls in CALLS.items():
        for snp, call in enumerate(calls):
            letters = [letter for c in codings for letter in turned(snp, plus_pair(snp, call), c)]
            places = [SNPS[snp][1], str(SNPS[snp][2])] if positions else []
            rows.append(split.join([SNPS[snp][0], sample, *letters, *places, "0.8"]))
    if seed is not None:
        random.Random(seed).shuffle(rows)
    return HEAD + split.join([*names, "GC Score"]) + "\r\n" + "\r\n".join(rows) + "\r\n"


def matrix(coding: str = "Plus", *, positions: bool = True, head: str = HEAD, scores: str = "") -> str:
    lines = ["\t".join(["Name" if positions else "", *(["Chr", "Position"] if positions else []), *CALLS])]
    for snp, (name, chromosome, position, *_) in enumerate(SNPS):
        cells = [turned(snp, plus_pair(snp, calls[snp]), coding) + scores for calls in CALLS.values()]
        lines.append("\t".join([name, *([chromosome, str(position)] if positions else []), *cells]))
    return head + "\r\n".join(lines) + "\r\n"


def write(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def cohort_of(folder: Path, paths: Sequence[Path]) -> Cohort:
    reader = open_final_report(paths)
    with CohortWriter(folder / "cohort", reader.origin, reader.samples) as writer:
        for batch in reader.batches(2):
            writer.append(batch)
    assert reader.progress()[0] == reader.progress()[1]
    return open_cohort(folder / "cohort")


def letters(cohort: Cohort) -> dict[str, dict[str, str]]:
    """SNP → sample → its letters in alphabetical order."""
    codes = cohort.genotypes(slice(None))
    found: dict[str, dict[str, str]] = {}
    for row, snp in enumerate(cohort.ids):
        ref, alt = cohort.refs[row], cohort.alts[row]
        words = ["".join(sorted(pair)) for pair in (ref + ref, ref + alt, alt + alt, "--")]
        found[snp] = {
            name: words[code] for name, code in zip(cohort.samples, codes[row].tolist(), strict=True)
        }
    return found


def expected(coding: str = "Plus") -> dict[str, dict[str, str]]:
    return {
        snp[0]: {
            name: "".join(sorted(turned(number, plus_pair(number, calls[number]), coding)))
            for name, calls in CALLS.items()
        }
        for number, snp in enumerate(SNPS)
    }


def places(cohort: Cohort) -> list[tuple[str, int]]:
    return [(cohort.names[c], int(p)) for c, p in zip(cohort.chromosome, cohort.position, strict=True)]


WHERE = [(snp[1], snp[2]) for snp in SNPS]


@pytest.mark.parametrize("coding", ["Plus", "Forward", "Top", "Design"])
@pytest.mark.parametrize("make", [long_report, matrix])
def test_letters_without_a_manifest(tmp_path: Path, coding: str, make: object) -> None:
    text = long_report([coding]) if make is long_report else matrix(coding)
    cohort = cohort_of(tmp_path, [write(tmp_path, "r.txt", text)])
    assert letters(cohort) == expected(coding)
    assert places(cohort) == WHERE
    assert cohort.samples == tuple(CALLS)
    assert cohort.origin.reference is Reference.UNKNOWN
    assert cohort.origin.strand == (coding.lower() if make is long_report else "")
    assert cohort.origin.build == ""


@pytest.mark.parametrize("coding", ["Plus", "Forward", "Top", "Design", "AB"])
@pytest.mark.parametrize("positions", [True, False])
def test_a_manifest_turns_every_coding_to_plus(tmp_path: Path, coding: str, positions: bool) -> None:
    paths = [
        write(tmp_path, "manifest.csv", manifest()),
        write(tmp_path, "r.txt", long_report([coding], positions=positions)),
    ]
    cohort = cohort_of(tmp_path, paths)
    assert letters(cohort) == expected()
    assert places(cohort) == WHERE
    assert (cohort.origin.build, cohort.origin.strand) == ("GRCh37", "plus")


def test_a_matrix_of_a_and_b_with_a_manifest(tmp_path: Path) -> None:
    paths = [
        write(tmp_path, "r.txt", matrix("AB", positions=False)),
        write(tmp_path, "manifest.csv", manifest()),
    ]
    cohort = cohort_of(tmp_path, paths)
    assert letters(cohort) == expected()
    assert places(cohort) == WHERE
    assert cohort.origin.strand == "plus"


def test_without_the_reference_strand_letters_go_to_top(tmp_path: Path) -> None:
    bare = "\n".join(line.rpartition(",")[0] if "," in line else line for line in manifest().splitlines())
    paths = [write(tmp_path, "m.csv", bare), write(tmp_path, "r.txt", long_report(["AB"]))]
    cohort = cohort_of(tmp_path, paths)
    assert letters(cohort) == expected("Top")
    assert cohort.origin.strand == "top"


@pytest.mark.parametrize(
    ("codings", "best"),
    [
        (["AB", "Top", "Forward", "Plus"], "Plus"),
        (["Top", "AB", "Forward"], "Forward"),
        (["AB", "Top"], "Top"),
    ],
)
def test_the_best_coding_is_taken(tmp_path: Path, codings: list[str], best: str) -> None:
    cohort = cohort_of(tmp_path, [write(tmp_path, "r.txt", long_report(codings))])
    assert cohort.origin.strand == best.lower()
    assert letters(cohort) == expected(best)


def test_unsorted_reports_in_little_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(final_report_long, "CALLS_IN_MEMORY", 4)
    monkeypatch.setattr(final_report_long, "BUCKET", 2)
    found = letters(cohort_of(tmp_path, [write(tmp_path, "r.txt", long_report(seed=3))]))
    wanted = expected()
    assert {snp: found[snp] for snp in wanted} == {
        snp: {name: wanted[snp][name] for name in found[snp]} for snp in wanted
    }


@pytest.mark.parametrize("split", [",", ";"])
def test_commas_and_no_head(tmp_path: Path, split: str) -> None:
    text = long_report(split=split).removeprefix(HEAD)
    assert (
        letters(cohort_of(tmp_path, [write(tmp_path, "r.csv", gzip.compress(text.encode()))])) == expected()
    )


def test_reports_of_one_sample_each_are_joined(tmp_path: Path) -> None:
    head, _, rest = long_report().partition("GC Score\r\n")
    rows = rest.splitlines()
    paths = [
        write(tmp_path, f"{n}.txt", head + "GC Score\n" + "\n".join(rows[5 * n : 5 * n + 5]))
        for n in range(3)
    ]
    assert letters(cohort_of(tmp_path, paths)) == expected()


def test_a_full_data_table(tmp_path: Path) -> None:
    text = (
        "Index\tName\tAddress\tChr\tPosition\tGenTrain Score\tS1.GType\tS1.Score\tS1.Plus/Minus Alleles\t"
        "S2.GType\tS2.Score\tS2.Plus/Minus Alleles\n"
        "1\trs1\t111\t1\t1000\t0.8\tAB\t0.9\tAG\tBB\t0.1\tGG\n"
    )
    reader = open_final_report([write(tmp_path, "table.txt", text)])
    assert (reader.samples, reader.origin.strand) == (["S1", "S2"], "plus")
    (batch,) = reader.batches()
    assert batch.genotypes is not None
    assert batch.genotypes.tolist() == [[1, 3]]
    assert reader.notes == ("1 genotypes with a GC score below 0.15 were taken as missing.",)


def test_low_scores_are_missing(tmp_path: Path) -> None:
    text = long_report().replace("\t0.8\r\n", "\t0,14\r\n", 1)
    reader = open_final_report([write(tmp_path, "r.txt", text)])
    missing = sum(
        int((batch.genotypes == 3).sum()) for batch in reader.batches() if batch.genotypes is not None
    )
    assert missing == 2  # one of them was no call before
    assert "1 genotypes" in reader.notes[0]
    scored = open_final_report([write(tmp_path, "m.txt", matrix(scores="|0.12"))])
    assert all((batch.genotypes == 3).all() for batch in scored.batches() if batch.genotypes is not None)


def test_snps_that_the_manifest_lacks_are_counted(tmp_path: Path) -> None:
    shorter = "\n".join(line for line in manifest().splitlines() if ",rs3," not in line)
    paths = [write(tmp_path, "m.csv", shorter), write(tmp_path, "r.txt", long_report(["AB"]))]
    reader = open_final_report(paths)
    rows = [row for batch in reader.batches() for row in zip(batch.ids, batch.position, strict=True)]
    assert rows[2] == ("rs3", 0)
    assert reader.notes == ("1 SNPs are not in the manifest; they stay without a position.",)


def strange() -> str:
    """Numbers where letters should be."""
    head, _, rest = long_report().partition("GC Score\r\n")
    return head + "GC Score\r\n" + rest.translate(str.maketrans("ACGT", "7897"))


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("", "final_report.empty", ""),
        ("a\tb\n", "final_report.columns", "line 1"),
        (long_report().replace("Sample ID", "Who"), "final_report.columns", "line 5"),
        (long_report(["AB"]), "final_report.ab_only", "line 5"),
        (matrix("AB"), "final_report.ab_only", "line 6"),
        (long_report(positions=False), "final_report.no_positions", "line 5"),
        (matrix(positions=False), "final_report.no_positions", "line 5"),
        (long_report().replace("\t0.8\r\n", "\r\n", 3), "final_report.line", "line 6"),
        (long_report()[:-60], "final_report.line", "line"),
        ("\r\n".join(long_report().splitlines()[:-2]), "final_report.incomplete", "line 18"),
        (
            long_report().replace("[Data]", "Num SNPs\t5\r\nNum Samples\t4\r\n[Data]"),
            "final_report.incomplete",
            "",
        ),
        (matrix(head=HEAD.replace("[Data]", "Num SNPs\t6\r\n[Data]")), "final_report.incomplete", "line 11"),
        (long_report().replace("\t1000\t", "\t1e3\t"), "final_report.position", "line 6"),
        (matrix().replace("\t1000\t", "\t1e3\t"), "final_report.position", "line 6"),
        (long_report().replace("S2", "S1"), "final_report.same_sample", "S1, rs1"),
        (long_report().replace("\tS2\t", "\t\t"), "final_report.sample", "line 11"),
        (long_report().splitlines()[4], "final_report.empty", ""),
        (strange(), "final_report.genotypes", ""),
    ],
)
def test_refused_with_code_and_place(tmp_path: Path, text: str, code: str, place: str) -> None:
    path = write(tmp_path, "report.txt", text)
    with pytest.raises(FormatError) as caught:
        list(open_final_report([path]).batches())
    assert caught.value.code == code
    assert caught.value.place.startswith(place)


def test_what_to_add_is_named(tmp_path: Path) -> None:
    with pytest.raises(FormatError) as caught:
        open_final_report([write(tmp_path, "r.txt", long_report(["AB"]))])
    assert "GSA-24v3-0_A1" in caught.value.advice
    with pytest.raises(FormatError) as caught:
        open_final_report([write(tmp_path, "m.csv", manifest())])
    assert caught.value.code == "final_report.none"


def test_recognised_by_content(tmp_path: Path) -> None:
    report, listing = write(tmp_path, "a", long_report()), write(tmp_path, "b", manifest())
    assert not looks_like_manifest(report)
    assert looks_like_manifest(listing)


def test_real_people(tmp_path: Path) -> None:
    cohort = cohort_of(tmp_path, [shared_data("formats", "gsa6.FinalReport.txt.gz")])
    assert (len(cohort), len(cohort.samples), cohort.origin.strand) == (4003, 6, "forward")
    vcf = gzip.decompress(shared_data("impute_chr22_eur", "target.gsa_v3.vcf.gz").read_bytes()).decode()
    rows = [line.split("\t") for line in vcf.splitlines() if not line.startswith("##")]
    columns = [rows[0].index(name) for name in cohort.samples]
    truth = {int(row[1]): (row[3], row[4], [row[at][:3] for at in columns]) for row in rows[1:]}
    same = 0
    for row in range(len(cohort)):
        ref, alt, calls = truth[int(cohort.position[row])]
        mine = [cohort.refs[row], cohort.alts[row]]
        for code, call in zip(cohort.genotypes(slice(row, row + 1))[0].tolist(), calls, strict=True):
            wanted = (
                sorted([ref, alt][int(each)] for each in call.replace("|", "/").split("/"))
                if "." not in call
                else []
            )
            got = [[mine[0]] * 2, sorted(mine), [mine[1]] * 2, []][code]
            same += got == wanted
    assert same >= 0.99 * 6 * 4003
    assert np.isin(cohort.position, list(truth)).all()
