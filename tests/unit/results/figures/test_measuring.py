"""Figures of small results that can be counted by hand, and of random ones against plain NumPy."""

from pathlib import Path

import numpy as np
import pytest

from app.domain.problem import Kind, ProblemError
from app.domain.progress import Progress
from app.genotypes.texts import Texts
from app.results.doses.writing import DoseWriter
from app.results.figures.bins import MAF_COUNT, bin_numbers, r2_places
from app.results.figures.cut_offs import step_of
from app.results.figures.frequencies import panel_tables
from app.results.figures.keeping import kept_figures, measured
from app.results.figures.measuring import Measured, measure
from app.results.figures.people import robust_z
from app.results.figures.recomputed import moments, subset_r2
from app.results.figures.result_files import result_files

INFO = """##fileformat=VCFv4.2
##INFO=<ID=R2,Number=1,Type=Float,Description="R2">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO
chr20\t1000\t.\tA\tC\t.\t.\tAF=0.9;MAF=0.1;R2=0.9;ER2=0.1;TYPED;IMPUTED
chr20\t20000000\t.\tA\tC\t.\t.\tIMPUTED;R2=0.5;AF=0.15
chr20\t20000001\t.\tA\tC\t.\t.\tTYPED;AF=0.3;MAF=0.3
chr20\t60000000\t.\tA\tC\t.\t.\tAF=0.0001;MAF=0.0001;R2=0.1;IMPUTED
chr20\t60000001\t.\tA\tG\t.\t.\tAF=0.12;R2=0.3;IMPUTED
"""
SAMPLES = 30
RNG_SITES = 400


def made_result(folder: Path, seed: int = 5, samples: int = SAMPLES) -> tuple[Path, np.ndarray]:
    """A dose file of random haplotypes with R2, every tenth site typed, and its haplotypes to 3 decimals."""
    rng = np.random.default_rng(seed)
    frequency = rng.beta(0.5, 1, (RNG_SITES, 1, 1))
    sure = rng.uniform(0.6, 1.0, (RNG_SITES, 1, 1))
    shape = RNG_SITES, samples, 2
    haplotypes = rng.binomial(1, frequency, shape) * sure + rng.random(shape) * (1 - sure)
    haplotypes[:, 2, 1] = np.nan  # a man on X
    haplotypes = np.round(haplotypes, 3).astype(np.float32)
    path = folder / "chrX.dose.vcf.gz"
    header = [f'##INFO=<ID={key},Number=1,Type=Float,Description="{key}">' for key in ("R2", "AF", "ER2")]
    info = []
    for number, row in enumerate(haplotypes):
        known = row[np.isfinite(row)].astype(float)
        p = known.mean()
        marks = "TYPED;IMPUTED;ER2=0.5" if number % 10 == 0 else "IMPUTED"
        info.append(f"AF={p:.6g};R2={known.var() / (p * (1 - p)):.6g};{marks}")
    texts = [Texts.of([word] * RNG_SITES) for word in (".", "A", "C")]
    names = [f"S{n}" for n in range(samples)]
    with DoseWriter(path, names, chromosomes=[("X", None)], header=header) as out:
        out.write("X", np.arange(1, RNG_SITES + 1) * 1000, *texts, info, haplotypes)
    return path, haplotypes


def told_r2(haplotypes: np.ndarray) -> np.ndarray:
    flat = haplotypes.reshape(len(haplotypes), -1).astype(float)
    p = np.nanmean(flat, axis=1)
    expected = p * (1 - p)
    return np.divide(np.nanvar(flat, axis=1), expected, out=np.full(len(p), np.nan), where=expected > 1e-9)


def test_info_counted_by_hand(tmp_path: Path) -> None:
    (tmp_path / "chr20.info").write_text(INFO)
    figures = measure(tmp_path).figures
    whole = figures.whole
    assert (whole.imputed, whole.typed, whole.array_only) == (3, 1, 1)
    assert whole.mean_r2 == pytest.approx(0.3)
    assert (whole.typed_r2, whole.mean_er2) == (pytest.approx(0.9), pytest.approx(0.1))
    assert (whole.share_r2_03, whole.share_r2_08) == (pytest.approx(2 / 3), 0)
    assert [(c.chromosome, c.first, c.last) for c in figures.by_chromosome] == [("20", 1000, 60_000_001)]
    assert [(c.first, c.last, c.sites.imputed) for c in figures.by_chunk] == [
        (1, 20_000_000, 1),
        (20_000_001, 40_000_000, 0),
        (40_000_001, 60_000_000, 1),
        (60_000_001, 80_000_000, 1),
    ]
    assert [(s.pos, s.r2, s.er2) for s in figures.suspects] == [(1000, 0.9, 0.1)]
    assert [(g.first, g.last, g.at_border) for g in figures.gaps] == [
        (1001, 19_999_999, True),
        (20_000_002, 59_999_999, True),
    ]
    assert not figures.doses


def test_recomputed_r2_is_that_of_plain_numpy_with_haploid_men(tmp_path: Path) -> None:
    path, haplotypes = made_result(tmp_path)
    figures = measure([path]).figures
    imputed = np.arange(RNG_SITES) % 10 > 0
    assert (figures.samples, figures.whole.imputed) == (SAMPLES, int(imputed.sum()))
    assert figures.whole.recomputed_r2 == pytest.approx(np.nanmean(told_r2(haplotypes)[imputed]), abs=1e-6)
    assert figures.whole.r2_difference == pytest.approx(0, abs=1e-5)
    assert figures.whole.mean_r2 == pytest.approx(figures.whole.recomputed_r2, abs=1e-5)


def test_r2_of_some_samples(tmp_path: Path) -> None:
    path, haplotypes = made_result(tmp_path)
    chosen = [1, 2, 7, 9]
    (rows,) = subset_r2(path, [f"S{n}" for n in chosen])
    np.testing.assert_allclose(rows.r2, told_r2(haplotypes[:, chosen]), atol=1e-6)
    (every,) = subset_r2(path)
    np.testing.assert_allclose(every.r2, every.written, atol=1e-5)
    with pytest.raises(ProblemError, match="1 of 2 samples"):
        list(subset_r2(path, ["S1", "who"]))


def test_a_part_of_the_samples_is_measured_as_if_it_were_all(tmp_path: Path) -> None:
    path, haplotypes = made_result(tmp_path)
    chosen = list(range(5, 25))
    made = measure([path], samples=[f"S{n}" for n in chosen])
    part = haplotypes[:, chosen]
    imputed = np.arange(RNG_SITES) % 10 > 0
    figures = made.figures
    assert (figures.samples, made.tables.samples[0]) == (20, "S5")
    assert figures.whole.mean_r2 == pytest.approx(np.nanmean(told_r2(part)[imputed]), abs=1e-6)
    p = part.reshape(RNG_SITES, -1).mean(axis=1, dtype=float)
    maf = bin_numbers(np.minimum(p, 1 - p)[imputed])
    assert [each.sites.imputed for each in figures.by_maf] == np.bincount(maf, minlength=MAF_COUNT).tolist()
    assert figures.whole.r2_difference is None
    assert len(made.tables.people["fuzziness"]) == 20


def test_files_read_side_by_side_give_the_same(tmp_path: Path) -> None:
    made_result(tmp_path)
    for number in (1, 2, 20):
        (tmp_path / f"chr{number}.info").write_text(INFO.replace("chr20", f"chr{number}"))
    (tmp_path / "again.info").write_text(INFO.replace("0.9;ER2", "0.8;ER2"))
    write_left_out(
        tmp_path / "chr1.empiricalDose.vcf",
        ["1 5 . A C . . TYPED;IMPUTED GT:LDS 0|1:0.1,0.9 0|0:0,0 1|1:1,0.2 .|.:0,0"],
    )
    one, many = measure(tmp_path, threads=1), measure(tmp_path, threads=3)
    same(one, many)
    assert one.figures.whole.imputed == 4 * 3 + RNG_SITES * 9 // 10
    assert [each.chromosome for each in one.figures.by_chromosome] == ["X", "20", "1", "2"]
    assert len(one.figures.suspects) == 4
    (tmp_path / "chr2.info").write_text("broken")
    with pytest.raises(ProblemError, match=r"chr2\.info"):
        measure(tmp_path, threads=3)


def test_r2_is_computed_where_none_is_written(tmp_path: Path) -> None:
    path = tmp_path / "x.vcf"
    head = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tA\tB\tC\n"
    path.write_text(head + "1\t5\t.\tA\tC\t.\t.\t.\tDS\t0\t1\t1.5\n")
    whole = measure([path]).figures.whole
    p = 2.5 / 6
    assert whole.mean_r2 == pytest.approx(np.var([0, 1, 1.5]) / (2 * p * (1 - p)))
    assert (whole.imputed, whole.r2_difference) == (1, None)


def test_people(tmp_path: Path) -> None:
    path, haplotypes = made_result(tmp_path)
    people = measure([path]).tables.people
    dosage = np.nansum(haplotypes.astype(float), axis=2)
    imputed = np.arange(RNG_SITES) % 10 > 0
    fuzzy = np.abs(dosage - np.rint(dosage))[imputed].mean(axis=0)
    np.testing.assert_allclose(people["fuzziness"], fuzzy, atol=1e-6)
    r2 = told_r2(haplotypes)
    p = np.nanmean(haplotypes.reshape(RNG_SITES, -1), axis=1)
    good = (r2 >= 0.8) & (np.minimum(p, 1 - p) >= 0.05)
    np.testing.assert_allclose(people["het_rate"], (np.rint(dosage) == 1)[good].mean(axis=0), atol=1e-9)
    a, b = haplotypes[imputed, :, 0].astype(float), haplotypes[imputed, :, 1].astype(float)
    b[:, 2] = 0
    highest = np.max([a * b, (1 - a) * (1 - b), a + b - 2 * a * b], axis=0)
    np.testing.assert_allclose(people["certainty"], highest.mean(axis=0), atol=1e-6)


def test_a_sample_that_stands_out() -> None:
    values = np.random.default_rng(1).normal(0.3, 0.01, 50)
    values[7] = 0.5
    z = robust_z(values)
    assert np.flatnonzero(np.abs(z) > 5).tolist() == [7]
    assert np.isnan(robust_z(values[:3])).all()
    assert np.isnan(robust_z(np.ones(20))).all()


def write_left_out(path: Path, rows: list[str]) -> None:
    head = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tA\tB\tC\tD\n"
    path.write_text(head + "".join(row.replace(" ", "\t") + "\n" for row in rows))


def test_left_out_dosages_counted_by_hand(tmp_path: Path) -> None:
    (tmp_path / "chr1.info").write_text(INFO)
    write_left_out(
        tmp_path / "chr1.empiricalDose.vcf",
        [
            "1 5 . A C . . TYPED;IMPUTED GT:LDS 0|1:0.1,0.9 0|0:0,0 1|1:1,0.2 .|.:0,0",
            "1 6 . A C . . TYPED;IMPUTED GT:LDS 0|1:0,1 1:0.25 0|0:0,0 0|0:0,0",
        ],
    )
    made = measure(tmp_path)
    whole = made.figures.left_out_whole
    assert whole is not None
    # Called 1, 0, 1 for typed 1, 0, 2; then 1, 0, 0, 0 for 1, 1, 0, 0.
    assert (whole.sites, whole.genotypes) == (2, 7)
    assert whole.concordance == pytest.approx(5 / 7)
    assert whole.nonref_concordance == pytest.approx(2 / 4)
    chance = [(1 * 1 + 2 * 1 + 0 * 1) / 9, (3 * 2 + 1 * 2) / 16]
    iqs = [(2 / 3 - chance[0]) / (1 - chance[0]), (3 / 4 - chance[1]) / (1 - chance[1])]
    assert whole.iqs == pytest.approx(np.mean(iqs))
    x, y = [[1, 0, 1.2], [1, 0.25, 0, 0]], [[1, 0, 2], [1, 1, 0, 0]]
    r2 = [np.corrcoef(a, b)[0, 1] ** 2 for a, b in zip(x, y, strict=True)]
    assert whole.r2 == pytest.approx(np.mean(r2), abs=1e-6)
    assert [(c.dose_from, c.genotypes, c.mean_typed) for c in made.figures.calibration if c.genotypes] == [
        (0.0, 3, 0.0),
        (0.2, 1, 1.0),
        (1.0, 2, 1.0),
        (1.2, 1, 2.0),
    ]
    assert made.tables.people["concordance"].tolist() == [1, 0.5, 0.5, 1]
    assert made.tables.people["nonref_concordance"][:3].tolist() == [1, 0, 0]


def test_cut_offs_without_reading_again(tmp_path: Path) -> None:
    path, _ = made_result(tmp_path)
    tables = measure([path]).tables
    (rows,) = subset_r2(path)
    imputed = np.arange(RNG_SITES) % 10 > 0
    r2 = rows.written.astype(float)[imputed]
    maf = bin_numbers(np.minimum(rows.af, 1 - rows.af)[imputed])
    for cut in (0.0, 0.3, 0.75, 0.8, 0.805, 1.0):
        kept = tables.kept(cut)
        assert (kept.before, kept.after) == (int(imputed.sum()), int((r2 >= cut).sum()))
        assert kept.mean_r2 == (pytest.approx(r2[r2 >= cut].mean(), abs=1e-6) if (r2 >= cut).any() else None)
    cuts = [0.9 if number < 7 else 0.6 for number in range(MAF_COUNT)]
    kept = tables.kept(cuts)
    assert kept.after == int((r2 >= np.array(cuts)[maf]).sum())
    assert tables.kept(0.5, least_maf=0.05).after == int(((r2 >= 0.5) & (maf >= 7)).sum())
    steps, many, mean = tables.curve("X")
    assert many[step_of(0.8)] == tables.kept(0.8).after
    assert mean[0] == pytest.approx(r2.mean(), abs=1e-6)
    assert (len(steps), steps[-1]) == (201, 1.0)
    with pytest.raises(ValueError, match="3 cut-offs"):
        tables.kept([0.1, 0.2, 0.3])


def test_steps_hold_what_the_text_says() -> None:
    texts = np.array([0.3, 0.295, 0.2949, 0.7, 1.0, 1.2, 0.0, np.nan], np.float32)
    assert r2_places(texts).tolist() == [60, 59, 58, 140, 200, 200, 0, 201]
    assert bin_numbers(np.array([0.05, 0.01, 0.5, np.nan], np.float32)).tolist() == [7, 5, 9, -1]


def test_frequencies_beside_a_panel(tmp_path: Path) -> None:
    (tmp_path / "chr20.info").write_text(INFO)
    panel = tmp_path / "sites.vcf"
    head = "##fileformat=VCFv4.2\n" + '##INFO=<ID=AF,Number=A,Type=Float,Description="AF">\n'
    columns = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    rows = [(1000, "C", 0.6), (20000000, "C", 0.16), (20000001, "G", 0.3), (60000001, "G", 0.31)]
    panel.write_text(head + columns + "".join(f"20\t{p}\t.\tA\t{a}\t.\t.\tAF={f}\n" for p, a, f in rows))
    with panel_tables([panel]) as tables:
        told = measure([tmp_path / "chr20.info"], frequencies=tables).figures.frequency
    assert told is not None
    assert (told.sites, told.absent, told.over_01, told.over_02) == (3, 2, 2, 1)
    x, y = [0.6, 0.16, 0.31], [0.9, 0.15, 0.12]
    assert told.r2 == pytest.approx(np.corrcoef(x, y)[0, 1] ** 2, abs=1e-4)
    assert [(o.pos, o.typed) for o in told.outliers] == [(1000, True), (60000001, False)]


def test_kept_figures_are_those_that_were_measured(tmp_path: Path) -> None:
    result, keep = tmp_path / "result", tmp_path / "data" / "figures"
    result.mkdir()
    path, _ = made_result(result)
    steps: list[Progress] = []
    assert kept_figures(result, keep) is None
    first = measured(result, keep, steps.append)
    assert steps[-1].total == path.stat().st_size
    again = measured(result, keep, lambda _: pytest.fail("it was measured again"))
    same(first, again)
    assert {each.suffix for each in keep.iterdir()} == {".json", ".npz"}
    path.touch()
    assert kept_figures(result, keep) is None
    for each in keep.iterdir():
        each.write_bytes(b"broken")
    same(measured(result, keep), first)


def test_old_figures_are_forgotten(tmp_path: Path) -> None:
    (tmp_path / "chr20.info").write_text(INFO)
    keep = tmp_path / "keep"
    for chunk in range(1, 12):
        measured(tmp_path / "chr20.info", keep, chunk_bases=chunk * 1_000_000)
    assert len(list(keep.iterdir())) == 16
    assert kept_figures(tmp_path / "chr20.info", keep, chunk_bases=11_000_000) is not None
    assert kept_figures(tmp_path / "chr20.info", keep, chunk_bases=1_000_000) is None


def same(one: Measured, other: Measured) -> None:
    assert one.figures == other.figures
    np.testing.assert_array_equal(one.tables.grid, other.tables.grid)
    np.testing.assert_array_equal(one.tables.windows[0], other.tables.windows[0])
    assert one.tables.samples == other.tables.samples
    assert list(one.tables.people) == list(other.tables.people)
    for name, values in one.tables.people.items():
        np.testing.assert_array_equal(values, other.tables.people[name])


def test_files_are_told_by_names_and_headers(tmp_path: Path) -> None:
    path, _ = made_result(tmp_path)
    (tmp_path / "chrX.info").write_text(INFO)
    (tmp_path / "chr20.info").write_text(INFO)
    (tmp_path / "notes.txt").write_text("nothing")
    write_left_out(tmp_path / "emp.vcf", ["1 5 . A C . . TYPED GT:LDS 0|1:0,1 0|0:0,0 0|0:0,0 0|0:0,0"])
    write_left_out(tmp_path / "array.vcf", ["1 5 . A C . . . GT 0|1 0|0 0|0 0|0"])
    found = result_files(tmp_path)
    assert [each.name for each in found.doses] == [path.name]
    assert [each.name for each in found.infos] == ["chr20.info"]
    assert not found.left_out
    path.rename(tmp_path / "x.vcf.gz")
    for info in tmp_path.glob("*.info"):
        info.unlink()
    found = result_files(tmp_path)
    assert [each.name for each in found.doses] == ["x.vcf.gz"]
    assert [each.name for each in found.left_out] == ["emp.vcf"]
    with pytest.raises(ProblemError) as caught:
        measure(result_files([tmp_path / "emp.vcf"]))
    assert caught.value.problem.kind is Kind.NOT_FOUND


def test_moments_are_the_same_with_and_without_the_kernel() -> None:
    values = np.random.default_rng(3).random((5, 7, 2), np.float32)
    values[2, 3, 1] = np.nan
    values[4] = np.nan
    np.testing.assert_allclose(moments(values), moments(values, kernel=False), rtol=1e-12)
