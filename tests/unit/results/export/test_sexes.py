"""Sexes follow from calls on X where they can, reach .psam and .fam, and else a hint says what to do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.domain.export import ExportFormat, ExportOutcome, ExportRequest, PresetName
from app.genotypes.bgzf import BgzfWriter
from app.genotypes.cohort import CohortWriter, Origin
from app.results.export.conversion import export
from app.results.export.rounding import of_dosages, of_haplotypes
from app.results.export.sexes import Sexes, sexes_of
from tests.helpers.dose_rows import needs_plink2, plink2

HEAD = (
    '##fileformat=VCFv4.2\n##contig=<ID=chrX>\n##FORMAT=<ID=GT,Number=1,Type=String,Description="Calls">\n'
    '##FORMAT=<ID=DS,Number=A,Type=Float,Description="Dosage">\n'
    '##FORMAT=<ID=HDS,Number=.,Type=Float,Description="Haplotypes">\n'
    '##INFO=<ID=R2,Number=1,Type=Float,Description="R2">\n'
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tHE\tSHE\tODD\n"
)
MAN, WOMAN, HOM = "1:1:1", "0|1:1:0,1", "1|1:2:1,1"
PAR, NON_PAR, LATER = 500_000, 50_000_000, 60_000_000


def folder_of(tmp_path: Path, *rows: tuple[int, str, str, str], chromosome: str = "chrX") -> Path:
    folder = tmp_path / "result"
    folder.mkdir()
    with BgzfWriter(folder / "chrX.dose.vcf.gz") as out:
        out.write(HEAD.encode())
        for position, *calls in rows:
            line = (chromosome, position, ".", "A", "C", ".", "PASS", "R2=0.9", "GT:DS:HDS", *calls)
            out.write(("\t".join(map(str, line)) + "\n").encode())
    return folder


@pytest.fixture
def told(tmp_path: Path) -> Path:
    """A man, a woman, and somebody of one copy here and two there."""
    return folder_of(tmp_path, (PAR, WOMAN, WOMAN, WOMAN), (NON_PAR, MAN, HOM, MAN), (LATER, MAN, WOMAN, HOM))


def exported(folder: Path, out: Path, **more: object) -> ExportOutcome:
    out.mkdir()
    return export(ExportRequest(source=str(folder), out=str(out), **more), out)  # type: ignore[arg-type]


def rows_of_psam(out: Path) -> list[str]:
    return (out / "chrX.psam").read_text().splitlines()


def test_psam_and_fam_have_the_sexes(told: Path, tmp_path: Path) -> None:
    made = exported(told, tmp_path / "p", format=ExportFormat.PGEN, preset=PresetName.PLINK2)
    assert rows_of_psam(tmp_path / "p") == ["#IID\tSEX", "HE\t1", "SHE\t2", "ODD\tNA"]
    assert any("do not tell the sex of 1 of 3 people" in each for each in made.notes)
    exported(told, tmp_path / "b", format=ExportFormat.BED)
    lines = (tmp_path / "b" / "chrX.fam").read_text().splitlines()
    assert lines == ["0\tHE\t0\t0\t1\t-9", "0\tSHE\t0\t0\t2\t-9", "0\tODD\t0\t0\t0\t-9"]
    exported(told, tmp_path / "g", format=ExportFormat.BGEN)
    lines = (tmp_path / "g" / "chrX.sample").read_text().splitlines()
    assert lines == ["ID_1 ID_2 missing sex", "0 0 0 D", "HE HE 0 1", "SHE SHE 0 2", "ODD ODD 0 NA"]


def test_what_was_sent_tells_sexes_first(told: Path, tmp_path: Path) -> None:
    sent = tmp_path / "sent"
    with CohortWriter(sent, Origin("vcf", ()), ("ODD", "HE", "other"), sex=(1, 2, 2)):
        pass
    gone = str(tmp_path / "gone")
    exported(told, tmp_path / "p", format=ExportFormat.PGEN, cohorts=(gone, str(sent)))
    assert rows_of_psam(tmp_path / "p") == ["#IID\tSEX", "HE\t2", "SHE\t2", "ODD\t1"]
    assert sexes_of(("SHE",), (str(sent),)) is None


@needs_plink2
@pytest.mark.parametrize("form", [ExportFormat.PGEN, ExportFormat.BED])
def test_plink2_reads_them_and_those_in_its_own_files(told: Path, tmp_path: Path, form: ExportFormat) -> None:
    word = "--pfile" if form is ExportFormat.PGEN else "--bfile"
    for name, by_plink2 in (("own", False), ("its", True)):
        exported(told, tmp_path / name, format=form, with_plink2=by_plink2)
        plink2(tmp_path / name, word, "chrX", "--split-par", "b38", "--make-just-psam", "--out", "seen")
        head, *seen = (tmp_path / name / "seen.psam").read_text().splitlines()
        column = head.split("\t").index("SEX")
        assert [line.split("\t")[column] for line in seen] == ["1", "2", "NA"]


def test_without_haploid_calls_only_differing_haplotypes_tell() -> None:
    one = np.array([[[1, 1], [0, 1], [0.5, 0.5], [np.nan, np.nan]]], np.float32)
    sexes = Sexes(4)
    sexes.add("X", np.array([NON_PAR]), of_haplotypes(one))
    assert sexes.codes().tolist() == [0, 2, 0, 0]
    plain = Sexes(2)
    plain.add("23", np.array([NON_PAR]), of_dosages(np.array([[1, 2]], np.float32)))
    assert plain.has_x
    assert plain.codes().tolist() == [0, 0]


@pytest.mark.parametrize(("chromosome", "position"), [("20", NON_PAR), ("X", PAR), ("X", 155_000_000)])
def test_other_places_tell_nothing(chromosome: str, position: int) -> None:
    sexes = Sexes(2)
    values = np.array([[[1, np.nan], [0, 1]]], np.float32)
    sexes.add(chromosome, np.array([position]), of_haplotypes(values))
    assert sexes.codes().tolist() == [0, 0]
    assert sexes.has_x is (chromosome == "X")


@pytest.mark.parametrize(
    ("preset", "said"),
    [
        (PresetName.PLINK2, "PLINK 2 needs them there"),
        (PresetName.GCTA, "fifth column of the .fam"),
        (PresetName.BOLT, "as a covariate"),
    ],
)
def test_where_sexes_are_not_told_a_hint_says_what_to_do(
    tmp_path: Path, preset: PresetName, said: str
) -> None:
    folder = folder_of(tmp_path, (NON_PAR, HOM, HOM, HOM))
    notes = exported(folder, tmp_path / "out", format=ExportFormat.PGEN, preset=preset).notes
    assert sum(said in each for each in notes) == 1


def test_no_hint_for_other_chromosomes_or_where_all_are_known(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, (NON_PAR, MAN, HOM, WOMAN))
    made = exported(folder, tmp_path / "out", format=ExportFormat.PGEN, preset=PresetName.PLINK2)
    assert not any("Chromosome X" in each for each in made.notes)
    other = Sexes(1)
    other.add("chr20", np.array([NON_PAR]), of_dosages(np.array([[1]], np.float32)))
    assert other.hint(PresetName.BOLT) == ""
