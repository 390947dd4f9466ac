"""Dosages, haplotypes, probabilities and genotypes of every engine's files, by figures counted by hand."""

from pathlib import Path

import numpy as np
import pytest

from app.domain.problem import ProblemError
from app.genotypes.bgzf import BgzfWriter
from app.results.doses.contract import DoseBatch, Field, SiteKind
from app.results.doses.reading import open_doses

EVERY = Field.DOSAGE | Field.HAPLOTYPES | Field.PROBABILITIES | Field.GENOTYPES | Field.LEFT_OUT
COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tA\tB\tC\n"
HEAD = "##fileformat=VCFv4.2\n"
BOTH = SiteKind.TYPED | SiteKind.IMPUTED
KERNELS = pytest.mark.parametrize("kernel", [None, False], ids=["kernel", "python"])


def written(folder: Path, rows: str, header: str = "") -> Path:
    path = folder / "chr1.dose.vcf"
    path.write_text(HEAD + header + COLUMNS + rows.replace(" ", "\t"))
    return path


def read(path: Path, want: Field = EVERY, *, kernel: bool | None = None, lines: bool = False) -> DoseBatch:
    reader = open_doses(path, want, kernel=kernel, lines=lines)
    (batch,) = reader.batches()
    reader.close()
    return batch


def near(array: np.ndarray | None, wanted: object) -> None:
    assert array is not None
    np.testing.assert_allclose(array, np.array(wanted, float), atol=1e-6)


NAN = float("nan")


@KERNELS
def test_minimac_whose_format_changes_from_row_to_row(tmp_path: Path, kernel: bool | None) -> None:
    path = written(
        tmp_path,
        "1 5 a A C . . AF=0.3;MAF=0.3;R2=0.9;ER2=0.8;TYPED;IMPUTED GT:HDS:DS "
        "0|1:0,0.9:0.9 1|1:1,1:2 .|.:.:.\n"
        "1 7 b A C,G . . R2=0.5;AF=0.9;IMPUTED DS:GT 0.25,0:0|0 1.5,0.5:1|2 .\n"
        "1 9 c AT C . . TYPED GP:GT:DS 0.5,0.5,0:0|0:0.5 0,0.25,0.75:1|1:1.75 0,1,0:1/0:1\n",
    )
    batch = read(path, kernel=kernel)
    near(batch.dosage, [[0.9, 2, NAN], [0.25, 1.5, NAN], [0, 0.5, NAN], [0.5, 1.75, 1]])
    assert batch.haplotypes is not None
    near(batch.haplotypes[0], [[0, 0.9], [1, 1], [NAN, NAN]])
    assert np.isnan(batch.haplotypes[1:]).all()
    assert batch.probabilities is not None
    near(batch.probabilities[3], [[0.5, 0.5, 0], [0, 0.25, 0.75], [0, 1, 0]])
    assert batch.genotypes is not None
    assert batch.genotypes[1].tolist() == [[0, 0], [1, 0], [-1, -2]]
    assert batch.genotypes[2].tolist() == [[0, 0], [0, 1], [-1, -2]]
    assert batch.phased is not None
    assert batch.phased[3].tolist() == [True, True, False]
    assert (list(batch.ids), list(batch.alts), list(batch.refs)) == (
        ["a", "b", "b", "c"],
        ["C", "C", "G", "C"],
        ["A", "A", "A", "AT"],
    )
    assert batch.record is not None
    assert batch.record.tolist() == [0, 1, 1, 2]
    near(batch.info.r2, [0.9, 0.5, 0.5, NAN])
    near(batch.info.maf, [0.3, 0.1, 0.1, NAN])
    assert batch.info.kind.tolist() == [BOTH, SiteKind.IMPUTED, SiteKind.IMPUTED, SiteKind.TYPED]


@KERNELS
def test_haploid_men_have_one_figure(tmp_path: Path, kernel: bool | None) -> None:
    row = "X 5 . A C . . R2=0.9;IMPUTED GT:DS:HDS:GP 1:0.7:0.7:0.3,0.7 0|1:1:0,1:0,1,0 .:.:.:.\n"
    batch = read(written(tmp_path, row), kernel=kernel)
    near(batch.dosage, [[0.7, 1, NAN]])
    near(batch.haplotypes, [[[0.7, NAN], [0, 1], [NAN, NAN]]])
    near(batch.probabilities, [[[0.3, 0.7, NAN], [0, 1, 0], [NAN] * 3]])
    assert batch.genotypes is not None
    assert batch.genotypes[0].tolist() == [[1, -2], [0, 1], [-1, -2]]


@KERNELS
@pytest.mark.parametrize(
    ("form", "cells", "dosage"),
    [
        ("HDS", "0.5,1 0.25 .", [1.5, 0.25, NAN]),
        ("GP", "0,0.5,0.5 0.25,0.75 .", [1.5, 0.75, NAN]),
        ("GT", "0/1 1 ./1", [1, 1, NAN]),
        ("GT:DS", "0/1:1e-3 1:2.004 0/0", [0.001, 2, NAN]),
        ("DS", "-0.001 .5 1.", [0, 0.5, 1]),
    ],
    ids=["HDS", "GP", "GT", "DS", "odd numbers"],
)
def test_the_dosage_follows_from_what_there_is(
    tmp_path: Path, kernel: bool | None, form: str, cells: str, dosage: list[float]
) -> None:
    path = written(tmp_path, f"1 5 . A C . . . {form} {cells}\n")
    near(read(path, Field.DOSAGE, kernel=kernel).dosage, [dosage])


@KERNELS
def test_beagle_lists_the_figures_of_several_alts(tmp_path: Path, kernel: bool | None) -> None:
    path = written(
        tmp_path,
        "20 5 . A C,G . PASS DR2=0.50,0.75;AF=0.1,0.2;IMP GT:DS:GP 1|2:0.9,1:0,0.1,0,0,0.8,0.1 "
        "0|0:0,0:1,0,0,0,0,0 0|2:0,1:0,0,0,1,0,0\n"
        "20 6 . A C . PASS DR2=1.00;AF=0.5 GT:DS 0|0:0 0|0:0 0|1:1\n",
    )
    batch = read(path, kernel=kernel)
    near(batch.info.r2, [0.5, 0.75, 1])
    near(batch.info.af, [0.1, 0.2, 0.5])
    assert batch.info.kind.tolist() == [SiteKind.IMPUTED, SiteKind.IMPUTED, BOTH]
    near(batch.dosage, [[0.9, 0, 0], [1, 0, 1], [0, 0, 1]])
    assert batch.probabilities is not None
    near(batch.probabilities[:2, 0], [[0.1, 0.9, 0], [0.1, 0.8, 0.1]])


@pytest.mark.parametrize(
    ("header", "filters", "info", "kind"),
    [
        ("", ".", "TYPED;IMPUTED;R2=1", BOTH),
        ("", ".", "TYPED;R2=1", SiteKind.TYPED),
        ("##INFO=<ID=TYPED_ONLY,Number=0,Type=Flag>\n", ".", "R2=1;TYPED", BOTH),
        ("##INFO=<ID=TYPED_ONLY,Number=0,Type=Flag>\n", ".", "TYPED_ONLY", SiteKind.TYPED),
        ("", "PASS;GENOTYPED", "R2=1", BOTH),
        ("", "PASS;GENOTYPED_ONLY", "MAF=0.1", SiteKind.TYPED),
        ("", "PASS", "INFO=0.9;RAF=0.1", SiteKind.IMPUTED),
        ("", "PASS", "AC=1", SiteKind.NONE),
    ],
    ids=["4.1", "4.1 array", "4.0", "4.0 array", "3", "3 array", "IMPUTE", "no mark"],
)
@KERNELS
def test_marks_of_every_generation(
    tmp_path: Path, kernel: bool | None, header: str, filters: str, info: str, kind: SiteKind
) -> None:
    path = written(tmp_path, f"1 5 . A C . {filters} {info} DS 0 1 2\n", header)
    assert read(path, Field.DOSAGE, kernel=kernel).info.kind.tolist() == [kind]


@KERNELS
def test_leave_one_out_dosages(tmp_path: Path, kernel: bool | None) -> None:
    path = written(tmp_path, "1 5 . A C . . TYPED;IMPUTED GT:LDS 0|1:0.1,0.9 1:0.5 0|0:0,0\n")
    reader = open_doses(path, EVERY, kernel=kernel)
    assert reader.fields == Field.GENOTYPES | Field.LEFT_OUT | Field.DOSAGE
    near(next(iter(reader.batches())).left_out, [[[0.1, 0.9], [0.5, NAN], [0, 0]]])
    reader.close()


@KERNELS
@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("1 6 . A C . . . DS 0 0\n", "2 cells for 3 samples"),
        ("1 6 . A C . . . DS 0 0 0 0\n", "4 cells for 3 samples"),
        ("1 6 . A C . . . DS 0 2.5 0\n", "DS is not between 0 and 2"),
        ("1 6 . A C . . . HDS 0,0 -1,0 0,0\n", "HDS is not between"),
        ("1 6 . A C . . . DS 0 what 0\n", "'what' is no number"),
        ("1 6 . A C . . . DS 0 0:1 0\n", "more than FORMAT"),
        ("1 6 . A C . . . GT 0|0 0|2 0|0\n", "allele that is not"),
        ("1 6 . A C . . . GP 0,1 0.5 0,1\n", "GP has one value"),
        ("1 6 . A C . . . HDS 0,0 0,0,0 0\n", "HDS has 3 values"),
        ("1 six . A C . . . DS 0 0 0\n", "position"),
        ("1 6 . A C\n", "5 columns"),
    ],
    ids=lambda value: value.replace("\n", "")[:24] if isinstance(value, str) else "",
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, kernel: bool | None, row: str, why: str) -> None:
    path = written(tmp_path, "1 5 . A C . . . DS 0 1 2\n" + row)
    with pytest.raises(ProblemError, match=rf"chr1\.dose\.vcf, line 4: .*{why}"):
        list(open_doses(path, EVERY, kernel=kernel).batches())


@KERNELS
def test_a_cut_file_gives_what_it_had_and_then_the_error(tmp_path: Path, kernel: bool | None) -> None:
    text = HEAD + COLUMNS + "".join(f"1\t{n}\t.\tA\tC\t.\t.\tR2=1\tDS\t0\t1\t2\n" for n in range(1, 30_000))
    path = tmp_path / "chr1.dose.vcf.gz"
    with BgzfWriter(path) as out:
        out.write(text.encode())
    path.write_bytes(path.read_bytes()[:-1000])
    batches = open_doses(path, kernel=kernel).batches()
    assert len(next(batches)) > 1000
    with pytest.raises(ProblemError, match="damaged"):
        list(batches)


@KERNELS
def test_batches_never_have_two_chromosomes(tmp_path: Path, kernel: bool | None) -> None:
    path = written(tmp_path, "".join(f"{c} {n} . A C . . . DS 0 1 2\n" for c in "12" for n in (5, 6)))
    batches = list(open_doses(path, Field.DOSAGE, kernel=kernel, lines=True).batches())
    assert [(b.chromosome, b.first_line, len(b)) for b in batches] == [("1", 3, 2), ("2", 5, 2)]
    assert batches[1].lines is not None
    assert batches[1].lines.raw(1) == b"2\t6\t.\tA\tC\t.\t.\t.\tDS\t0\t1\t2"


@KERNELS
def test_many_alts_do_not_fill_the_memory(tmp_path: Path, kernel: bool | None) -> None:
    samples, alts = 2000, 200
    head = HEAD + COLUMNS.replace("A\tB\tC", "\t".join(f"S{n}" for n in range(samples)))
    row = "1\t5\t.\tA\t" + ",".join(["C"] * alts) + "\t.\t.\t.\tDS" + "\t." * samples + "\n"
    path = tmp_path / "x.vcf"
    path.write_text(head + 12 * row)
    batches = list(open_doses(path, Field.DOSAGE, kernel=kernel).batches())
    assert sum(map(len, batches)) == 12 * alts
    assert max(map(len, batches)) <= 4 * alts
    path.write_text(head + row.replace("\tC,", "\t" + "C," * 900, 1))
    with pytest.raises(ProblemError, match="1,099 ALT alleles"):
        list(open_doses(path, Field.DOSAGE, kernel=kernel).batches())


@KERNELS
def test_files_without_samples_and_without_records(tmp_path: Path, kernel: bool | None) -> None:
    path = tmp_path / "chr1.info"
    columns = COLUMNS.split("\tFORMAT")[0]
    path.write_text(HEAD + columns + "\n1\t5\t.\tA\tC\t.\t.\tR2=0.5;AF=0.75;IMPUTED\n")
    batch = read(path, Field.NONE, kernel=kernel)
    assert (batch.dosage, batch.info.maf.tolist()) == (None, [0.25])
    path.write_text(HEAD + columns + "\n")
    assert list(open_doses(path, kernel=kernel).batches()) == []


@pytest.mark.parametrize("text", ["", "what is this\n", HEAD, HEAD + "1\t5\n"])
def test_what_has_no_header_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.vcf"
    path.write_text(text)
    with pytest.raises(ProblemError, match="#CHROM"):
        open_doses(path)
    with pytest.raises(ProblemError, match="nothing"):
        open_doses(tmp_path / "nothing.vcf")
