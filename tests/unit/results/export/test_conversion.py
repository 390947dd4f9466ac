"""Results to files of every format, filtered, by what bcftools and plink2 say of them."""

from __future__ import annotations

import gzip
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from app.domain.export import Cutoffs, DropReason, ExportFormat, ExportOutcome, ExportRequest, PresetName
from app.domain.problem import Kind, ProblemError
from app.results.export import conversion, row_source
from app.results.export.conversion import export
from app.results.export.kernel import export_kernel
from app.results.export.pgen_file import PgenWriter
from tests.helpers.dose_rows import as_read_by_plink2, haplotypes, names_of, needs_plink2, write_result

needs_bcftools = pytest.mark.skipif(shutil.which("bcftools") is None, reason="bcftools is not installed")
R2 = [0.1, 0.3, 0.5, 0.8, 0.95]


def bcftools(*words: str) -> str:
    done = subprocess.run(["bcftools", *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def result(tmp_path: Path) -> tuple[Path, NDArray[np.float32]]:
    """A folder with one chromosome of 60 variants and 30 people; each fifth is typed."""
    values = haplotypes(60, 30)
    folder = tmp_path / "result"
    folder.mkdir()
    write_result(
        folder / "chr20.dose.vcf.gz", values, r2=[R2[row % 5] for row in range(60)], typed=range(0, 60, 5)
    )
    (folder / "chr20.info.gz").write_bytes(b"")
    (folder / "chr20.empiricalDose.vcf.gz").write_bytes(b"")
    return folder, values


def exported(folder: Path, out: Path, **more: object) -> ExportOutcome:
    out.mkdir(exist_ok=True)
    return export(ExportRequest(source=str(folder), out=str(out), **more), out)  # type: ignore[arg-type]


@pytest.mark.parametrize("form", ExportFormat)
def test_every_format_is_read_back(
    tmp_path: Path, result: tuple[Path, NDArray[np.float32]], form: ExportFormat
) -> None:
    made = exported(result[0], tmp_path / "out", format=form, cutoffs=Cutoffs(min_r2=0.4))
    assert (made.variants, made.kept) == (60, 48)
    assert made.dropped == {DropReason.LOW_R2: 12}
    (only,) = made.sets
    assert only.verified
    assert only.values_hash
    assert only.chromosomes == ("chr20",)
    assert sorted(each.name for each in (tmp_path / "out").iterdir()) == sorted(
        Path(each).name for each in only.files
    )
    assert Path(only.files[0]).name.startswith("chr20.")


@pytest.mark.skipif(export_kernel() is None, reason="the extension is not built")
@pytest.mark.parametrize("form", [each for each in ExportFormat if each is not ExportFormat.VCF])
def test_the_bytes_are_the_same_without_the_extension(
    tmp_path: Path, result: tuple[Path, NDArray[np.float32]], form: ExportFormat
) -> None:
    quick = exported(result[0], tmp_path / "quick", format=form, cutoffs=Cutoffs(min_r2=0.4))
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(conversion, "export_kernel", lambda: None)
        slow = exported(result[0], tmp_path / "slow", format=form, cutoffs=Cutoffs(min_r2=0.4))
    assert (slow.sets[0].sites_hash, slow.sets[0].values_hash) == (
        quick.sets[0].sites_hash,
        quick.sets[0].values_hash,
    )
    for name in (Path(each).name for each in slow.sets[0].files if not each.endswith(".bgi")):
        assert (tmp_path / "slow" / name).read_bytes() == (tmp_path / "quick" / name).read_bytes()


@pytest.mark.parametrize("fast", [True, False])
def test_a_table_tells_r2_and_frequency_also_where_nothing_is_filtered(
    tmp_path: Path, result: tuple[Path, NDArray[np.float32]], fast: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not fast:
        monkeypatch.setattr(conversion, "export_kernel", lambda: None)
    made = exported(result[0], tmp_path / "out", format=ExportFormat.TABLE)
    rows = gzip.decompress(Path(made.sets[0].files[0]).read_bytes()).decode().splitlines()[1:]
    figures = np.array([[float(word) for word in row.split("\t")[5:7]] for row in rows])
    np.testing.assert_allclose(figures[:, 0], [R2[row % 5] for row in range(60)], rtol=1e-4)
    np.testing.assert_allclose(figures[:, 1], np.nanmean(result[1], axis=(1, 2)), atol=1e-4)


@needs_plink2
@pytest.mark.parametrize("fast", [True, False])
def test_plink2_reads_the_haplotypes_that_stay(
    tmp_path: Path, result: tuple[Path, NDArray[np.float32]], fast: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not fast:
        monkeypatch.setattr(conversion, "export_kernel", lambda: None)
    folder, values = result
    exported(folder, tmp_path / "out", format=ExportFormat.PGEN, cutoffs=Cutoffs(min_r2=0.4))
    seen = as_read_by_plink2(tmp_path / "out", "--pfile", "chr20")
    wanted = values[[row for row in range(60) if row % 5 != 1]]
    assert (np.isnan(seen) == np.isnan(wanted)).all()
    assert np.nanmax(np.abs(seen - wanted)) < 1.1e-4


@needs_bcftools
def test_lines_of_a_vcf_are_those_that_bcftools_would_keep(
    tmp_path: Path, result: tuple[Path, NDArray[np.float32]]
) -> None:
    folder, _ = result
    made = exported(folder, tmp_path / "out", cutoffs=Cutoffs(min_r2=0.8, min_maf=0.01))
    kept = "(INFO/R2>=0.8 || INFO/TYPED=1) && INFO/MAF>=0.01"
    wanted = bcftools("view", "-H", "-i", kept, str(folder / "chr20.dose.vcf.gz"))
    written = made.sets[0].files[0]
    assert bcftools("view", "-H", written) == wanted
    assert made.kept == len(wanted.splitlines())
    some = bcftools("view", "-H", written, "chr20:1100-1200")
    assert [
        line for line in wanted.splitlines() if 1100 <= int(line.split("\t")[1]) <= 1200
    ] == some.splitlines()
    assert "##haplodesk_filter=min_r2=0.8; min_maf=0.01" in bcftools("view", "-h", written)


@needs_bcftools
def test_bcftools_reads_the_same_bcf(tmp_path: Path, result: tuple[Path, NDArray[np.float32]]) -> None:
    folder, _ = result
    made = exported(folder, tmp_path / "out", format=ExportFormat.BCF)
    written = made.sets[0].files[0]
    assert bcftools("view", "-H", written) == bcftools("view", "-H", str(folder / "chr20.dose.vcf.gz"))
    by_index = bcftools("view", "-H", written, "chr20:1100-1200")
    assert len(by_index.splitlines()) == len([p for p in range(1000, 1420, 7) if 1100 <= p <= 1200])
    again = exported(tmp_path / "out", tmp_path / "again", format=ExportFormat.VCF)
    fields = "%CHROM %POS %ID %REF %ALT[ %GT:%DS:%HDS]\n"
    assert bcftools("query", "-f", fields, again.sets[0].files[0]) == bcftools("query", "-f", fields, written)


@needs_bcftools
def test_fewer_people_have_figures_of_their_own(
    tmp_path: Path, result: tuple[Path, NDArray[np.float32]]
) -> None:
    folder, values = result
    names = ("P3", "P11", "P12", "P29")
    made = exported(folder, tmp_path / "out", cutoffs=Cutoffs(samples=names))
    rows = bcftools("query", "-f", "%AF %R2[ %HDS]\n", made.sets[0].files[0]).splitlines()
    some = values[:, [3, 11, 12, 29]].astype(float)
    for row, (line, mine) in enumerate(zip(rows, some, strict=True)):
        af, r2, *cells = line.split()
        p = np.nanmean(mine) if not np.isnan(mine).all() else float("nan")
        if p == p:
            assert abs(float(af) - p) < 1e-4, row
            wanted = np.nanvar(mine) / (p * (1 - p)) if 0 < p < 1 else 0
            assert abs(float(r2) - wanted) < 2e-3, row
        pairs = [[float("nan")] * 2 if cell == "." else list(map(float, cell.split(","))) for cell in cells]
        np.testing.assert_allclose(pairs, mine, atol=1e-6)
    dosages = exported(folder, tmp_path / "pgen", format=ExportFormat.PGEN, cutoffs=Cutoffs(samples=names))
    assert dosages.sets[0].samples == 4


def test_unknown_people_are_refused_without_their_names(
    tmp_path: Path, result: tuple[Path, NDArray[np.float32]]
) -> None:
    with pytest.raises(ProblemError, match="1 of 2 names") as raised:
        exported(result[0], tmp_path / "out", cutoffs=Cutoffs(samples=("P1", "secret")))
    assert "secret" not in raised.value.problem.sentence()


def test_nothing_left_is_a_problem_with_the_counts(
    tmp_path: Path, result: tuple[Path, NDArray[np.float32]]
) -> None:
    with pytest.raises(ProblemError, match="48 for R2 too low, 12 for minor allele too rare"):
        exported(result[0], tmp_path / "out", cutoffs=Cutoffs(min_r2=0.99, min_maf=0.5))
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize("fast", [True, False])
def test_rows_of_every_form(tmp_path: Path, fast: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Several ALTs, fields in another order, no HDS, one copy, gaps, more digits, no identifier."""
    if not fast:
        monkeypatch.setattr(conversion, "export_kernel", lambda: None)
    source = tmp_path / "x.vcf"
    columns = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tA\tB\tC\n"
    rows = (
        "X 10 . A C . . R2=0.9 GT:DS:HDS 0|1:1.2:0.2,1 0:0.5:0.5 .|.:.:.\n"
        "X 20 . A C . . R2=0.9 HDS:GT 0.12345,1:0|1 1:1 .:.\n"
        "X 30 . A C,G . . R2=0.9,0.8 GT:DS 0|1:1,0.25 1|2:1,1 0|0:0,0\n"
        "X 40 . A C . . R2=0.9 GT:DS 0|1:1.5 1|1:2 ./.:.\n"
    )
    source.write_text("##fileformat=VCFv4.2\n##contig=<ID=X>\n" + columns + rows.replace(" ", "\t"))
    out = tmp_path / "out"
    made = exported(source, out, format=ExportFormat.TABLE)
    assert made.sets[0].verified
    lines = gzip.decompress((out / "x.dosage.tsv.gz").read_bytes()).decode().splitlines()[1:]
    assert [line.split("\t")[2] for line in lines] == [
        "X:10:A:C",
        "X:20:A:C",
        "X:30:A:C",
        "X:30:A:G",
        "X:40:A:C",
    ]
    assert [line.split("\t")[7:] for line in lines] == [
        ["1.200", "1.000", "NA"],
        ["1.123", "2.000", "NA"],
        ["1.000", "1.000", "0.000"],
        ["0.250", "1.000", "0.000"],
        ["1.500", "2.000", "NA"],
    ]
    for form in (ExportFormat.PGEN, ExportFormat.BGEN, ExportFormat.BED):
        assert exported(source, tmp_path / form, format=form).sets[0].verified


@pytest.mark.parametrize("cell", ["0|0:0:1.2,0", "0|0:0:-0.1,0", "0|0:0:x,0", "0|0:0:0,0,0"])
def test_an_impossible_dosage_is_told_with_its_place(tmp_path: Path, cell: str) -> None:
    source = tmp_path / "x.vcf"
    head = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tA\n"
    good = "1\t5\t.\tA\tC\t.\t.\tR2=1\tGT:DS:HDS\t0|0:0:0,0\n"
    source.write_text(head + good + good.replace("\t5\t", "\t6\t").replace("0|0:0:0,0", cell))
    with pytest.raises(ProblemError) as raised:
        exported(source, tmp_path / "out", format=ExportFormat.PGEN)
    assert raised.value.problem.kind is Kind.INPUT
    assert "1:6" in raised.value.problem.sentence() or "line 4" in raised.value.problem.sentence()
    assert not list((tmp_path / "out").iterdir())


def test_a_file_that_is_read_back_otherwise_is_removed(
    tmp_path: Path, result: tuple[Path, NDArray[np.float32]], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = PgenWriter.finish

    def damaged(self: PgenWriter) -> tuple[Path, ...]:
        files = whole(self)
        data = bytearray(files[0].read_bytes())
        data[-3] ^= 4
        files[0].write_bytes(bytes(data))
        return files

    monkeypatch.setattr(PgenWriter, "finish", damaged)
    with pytest.raises(ProblemError, match="is not what it should be") as raised:
        exported(result[0], tmp_path / "out", format=ExportFormat.PGEN)
    assert raised.value.problem.kind is Kind.DISK
    assert not list((tmp_path / "out").iterdir())


@needs_plink2
@pytest.mark.parametrize("form", [ExportFormat.PGEN, ExportFormat.BED])
@pytest.mark.parametrize("cutoffs", [Cutoffs(), Cutoffs(min_r2=0.4)])
def test_plink2_may_write(
    tmp_path: Path, result: tuple[Path, NDArray[np.float32]], form: ExportFormat, cutoffs: Cutoffs
) -> None:
    made = exported(result[0], tmp_path / "out", format=form, cutoffs=cutoffs, with_plink2=True)
    ours = exported(result[0], tmp_path / "ours", format=form, cutoffs=cutoffs)
    assert made.by_plink2
    assert made.kept == ours.kept
    assert made.sets[0].verified
    assert sorted(each.name for each in (tmp_path / "out").iterdir()) == sorted(
        each.name for each in (tmp_path / "ours").iterdir()
    )


def test_without_plink2_it_is_told(
    tmp_path: Path, result: tuple[Path, NDArray[np.float32]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    made = exported(result[0], tmp_path / "out", format=ExportFormat.PGEN, with_plink2=True)
    assert not made.by_plink2
    assert made.notes == ("Written without plink2: plink2 is not on the PATH.",)


@pytest.mark.parametrize("preset", PresetName)
def test_presets_name_files_that_are_there(
    tmp_path: Path, result: tuple[Path, NDArray[np.float32]], preset: PresetName
) -> None:
    made = exported(result[0], tmp_path / "out", preset=preset)
    (only,) = made.sets
    assert made.notes
    there = {each.name for each in (tmp_path / "out").iterdir()}
    words = only.command.replace("=", " ").replace("'", " ").replace(",", " ").split()
    named = {word for word in words if word.startswith("chr20.") and word.endswith(_INPUTS)}
    stems = {"chr20"} & set(words)
    assert named <= there
    assert named or stems
    if preset is PresetName.SAIGE:
        assert "--chrom=chr20 " in only.command
        assert (tmp_path / "out" / "chr20.samples.txt").read_text().split() == names_of(30)
    if preset is PresetName.SAIGE_VCF:
        assert "--chrom=chr20 " in only.command
        assert {"chr20.vcf.gz", "chr20.vcf.gz.csi"} == named == there
    if preset in (PresetName.REGENIE, PresetName.BOLT):
        assert only.chromosomes == ("20",)


_INPUTS = (".bgen", ".bgi", ".sample", ".samples.txt", ".vcf.gz", ".csi")


def test_chromosomes_are_written_in_their_order(tmp_path: Path) -> None:
    folder = tmp_path / "result"
    folder.mkdir()
    for name in ("chr10", "chr2", "chrX", "chr1"):
        write_result(folder / f"{name}.dose.vcf.gz", haplotypes(5, 4), chromosome=name)
    told: list[tuple[int, int | None]] = []
    request = ExportRequest(source=str(folder), out=str(tmp_path), format=ExportFormat.BED)
    (tmp_path / "out").mkdir()
    made = export(request, tmp_path / "out", lambda p: told.append((p.done, p.total)))
    assert [each.chromosomes for each in made.sets] == [("chr1",), ("chr2",), ("chr10",), ("chrX",)]
    assert told[-1][0] == told[-1][1]
    assert told == sorted(told)


def test_files_of_one_name_do_not_take_each_others_place(tmp_path: Path) -> None:
    folder = tmp_path / "result"
    folder.mkdir()
    for rows, name in ((5, "chr20.vcf.gz"), (7, "Chr20.vcf.bgz"), (9, "chr20-2.vcf.gz")):
        write_result(folder / name, haplotypes(rows, 4))
    made = exported(folder, tmp_path / "out", format=ExportFormat.PGEN)
    counts = {Path(each.files[0]): each.kept for each in made.sets}
    assert sorted(counts.values()) == [5, 7, 9]
    for path, kept in counts.items():
        lines = path.with_suffix(".pvar").read_text().splitlines()
        assert sum(not line.startswith("#") for line in lines) == kept


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(ProblemError, match="no dosages"):
        exported(tmp_path, tmp_path / "out")


def test_names_with_blanks_are_refused_where_they_would_be_two_words(tmp_path: Path) -> None:
    source = tmp_path / "x.vcf"
    head = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tA B\n"
    source.write_text(head + "1\t5\t.\tA\tC\t.\t.\tR2=1\tGT:DS:HDS\t0|0:0:0,0\n")
    with pytest.raises(ProblemError, match="blanks"):
        exported(source, tmp_path / "out", format=ExportFormat.BED)
    assert exported(source, tmp_path / "vcf").sets[0].verified


def test_memory_does_not_hold_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches are given on one by one: never more than one is waited for."""
    source = write_result(tmp_path / "x.dose.vcf.gz", haplotypes(9000, 3))
    seen: list[int] = []
    kept = row_source.RowSource._kept

    def noted(self: row_source.RowSource, batch: object) -> object:
        rows = kept(self, batch)  # type: ignore[arg-type]
        seen.append(0 if rows is None else len(rows))
        return rows

    monkeypatch.setattr(row_source.RowSource, "_kept", noted)
    made = exported(source, tmp_path / "out", format=ExportFormat.BGEN)
    assert made.kept == 9000
    assert len(seen) > 1
    assert max(seen) < 9000


@pytest.mark.parametrize("fast", [True, False])
def test_a_call_of_one_copy_counts_twice_also_where_gt_alone_says_so(
    tmp_path: Path, fast: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not fast:
        monkeypatch.setattr(conversion, "export_kernel", lambda: None)
    columns = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tA\tB\tC\n"
    rows = [
        "X\t5\tr1\tA\tG\t.\tPASS\tR2=1\tGT:HDS\t0|1:0,1\t1:0.9\t.:.\n",
        "X\t6\tr2\tA\tG\t.\tPASS\tR2=1\tGT\t0|1\t1\t.\n",
        "X\t7\tr3\tA\tG\t.\tPASS\tR2=1\tGT:DS\t0|1:1\t1:0.8\t.:.\n",
    ]
    source = tmp_path / "x.vcf"
    source.write_text("##fileformat=VCFv4.2\n" + columns + "".join(rows))
    exported(source, tmp_path / "out", format=ExportFormat.TABLE)
    table = gzip.decompress((tmp_path / "out" / "x.dosage.tsv.gz").read_bytes()).decode().splitlines()
    assert [line.split("\t")[7:] for line in table[1:]] == [
        ["1.000", "1.800", "NA"],
        ["1.000", "2.000", "NA"],
        ["1.000", "1.600", "NA"],
    ]
