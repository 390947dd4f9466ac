"""A file that goes by is proved, counted and indexed; what is damaged inside ends in words."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.genotypes.bgzf import EOF_MARKER, open_text_blocks, pack_block
from app.results.indexing.content_fault import ContentFault
from app.results.indexing.figures import FileFigures, load_figures, save_figures
from app.results.indexing.file_tap import FileTap
from app.results.indexing.kinds import FileKind, kind_of
from tests.helpers.imputed_files import NAMES, dose_text, info_text, packed, site_lines

DOSE = "chr20.dose.vcf.gz"


def passed(
    data: bytes, name: str = DOSE, names: dict[str, str] | None = None, step: int = 7919
) -> tuple[bytes, FileTap]:
    """The file as it is written, fed in pieces."""
    tap = FileTap(name, names)
    out = b"".join(tap.feed(data[at : at + step]) for at in range(0, len(data), step))
    return out + tap.finish(), tap


def text_of(data: bytes) -> bytes:
    return gzip.decompress(data)


def written(folder: Path, data: bytes, tap: FileTap) -> Path:
    """The file and its index on the disk."""
    path = folder / tap.figures.name
    path.write_bytes(data)
    made = tap.index()
    assert made is not None
    path.with_name(path.name + made[0]).write_bytes(made[1])
    return path


def found_by(program: list[str], path: Path, region: str) -> bytes:
    if shutil.which(program[0]) is None:
        pytest.skip(f"{program[0]} is not on this machine")
    return subprocess.run([*program, str(path), region], check=True, capture_output=True).stdout


def lines_in(text: bytes, chromosome: str, first: int, last: int) -> bytes:
    """The records that reach into a stretch, by reading all of them."""
    kept = []
    for line in text.splitlines(keepends=True):
        cells = line.split(b"\t", 5)
        if not line.startswith(b"#") and cells[0] == chromosome.encode():
            begin = int(cells[1])
            if begin <= last and begin + len(cells[3]) - 1 >= first:
                kept.append(line)
    return b"".join(kept)


def test_it_goes_by_unchanged_and_is_counted(tmp_path: Path) -> None:
    data = packed(dose_text(site_lines()), tmp_path)
    out, tap = passed(data)
    assert out == data
    found = tap.figures
    assert (found.size, found.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    (one,) = found.chromosomes
    assert (one.name, one.records, one.both, one.typed_only, one.imputed) == ("20", 300, 20, 10, 270)
    assert len(one.typed_keys) == one.typed == 30
    assert one.by_megabase.sum(axis=0).tolist() == [20, 10, 270, 0]
    assert found.end_marker
    assert found.sorted
    assert found.samples == NAMES
    assert found.formats == ("GT", "DS", "HDS")
    assert found.facts["mis_panel"] == "hapmap@2"


@pytest.mark.parametrize("step", [1, 17, 1000, 1 << 20])
def test_pieces_of_any_size_give_the_same(tmp_path: Path, step: int) -> None:
    data = packed(dose_text(site_lines(sites=60)), tmp_path)
    out, tap = passed(data, step=step)
    assert out == data
    assert tap.index() == passed(data)[1].index()


@pytest.mark.parametrize("names", [{}, {"S3": "Zoë 3", "S1": "a-much-longer-name-than-before" * 40}])
def test_queries_answer_as_those_of_tabix(tmp_path: Path, names: dict[str, str]) -> None:
    sites = [*site_lines("20", 900), *site_lines("X", 400, seed=2, step=400_000)]
    out, tap = passed(packed(dose_text(sites), tmp_path), names=names)
    path = written(tmp_path, out, tap)
    assert path.with_name(path.name + ".tbi").is_file()
    text = text_of(out)
    for region in ("20:1-500000", "20:1048570-1048580", "20:3000000-3100000", "X:60000-2000000", "X:1-9"):
        chromosome, _, stretch = region.partition(":")
        first, last = map(int, stretch.split("-"))
        wanted = lines_in(text, chromosome, first, last)
        assert found_by(["tabix"], path, region) == wanted
        assert found_by(["bcftools", "view", "-H"], path, region).count(b"\n") == wanted.count(b"\n")
    assert tap.figures.renamed == len(names)


def test_our_index_and_the_one_of_tabix_find_the_same(tmp_path: Path) -> None:
    data = packed(dose_text(site_lines(sites=3000, step=2_000)), tmp_path)
    out, tap = passed(data)
    path = written(tmp_path, out, tap)
    random = np.random.default_rng(4)
    starts = random.integers(1, 3_200_000, 8).tolist()
    regions = [f"20:{start}-{start + int(random.integers(1, 200_000))}" for start in starts]
    mine = [found_by(["tabix"], path, region) for region in regions]
    stats = subprocess.run(["bcftools", "index", "-s", str(path)], check=True, capture_output=True).stdout
    assert stats.split() == [b"20", b".", b"3000"]
    subprocess.run(["tabix", "-f", "-p", "vcf", str(path)], check=True)
    assert [found_by(["tabix"], path, region) for region in regions] == mine
    assert any(mine)


def test_positions_beyond_half_a_gigabase_get_a_csi(tmp_path: Path) -> None:
    sites = [*site_lines(sites=200), *site_lines(sites=200, first=900_000_000, seed=3)]
    out, tap = passed(packed(dose_text(sites), tmp_path))
    path = written(tmp_path, out, tap)
    assert path.with_name(path.name + ".csi").is_file()
    for first, last in ((1, 400_000), (536_000_000, 901_000_000), (900_100_000, 900_200_000)):
        wanted = lines_in(text_of(out), "20", first, last)
        got = found_by(["bcftools", "view", "-H"], path, f"20:{first}-{last}")
        assert got.count(b"\n") == wanted.count(b"\n")


def test_the_indexes_of_both_kinds_answer_alike(tmp_path: Path) -> None:
    out, tap = passed(packed(dose_text(site_lines(sites=900)), tmp_path))
    path = tmp_path / DOSE
    path.write_bytes(out)
    builder = tap._builder  # noqa: SLF001
    assert builder is not None
    path.with_name(DOSE + ".csi").write_bytes(builder.packed(".csi"))
    wanted = lines_in(text_of(out), "20", 1_000_000, 1_500_000)
    got = found_by(["bcftools", "view", "-H"], path, "20:1000000-1500000")
    assert got.count(b"\n") == wanted.count(b"\n") > 10


def test_own_names_come_back_and_only_the_header_is_packed_anew(tmp_path: Path) -> None:
    data = packed(dose_text(site_lines(sites=4000)), tmp_path)
    out, tap = passed(data, names={"S2": "Doe, Jane", "S12": "7/8", "nobody": "x"})
    assert out != data
    assert out[-len(data) // 2 :] == data[-len(data) // 2 :]
    assert tap.figures.samples == ("S1", "Doe, Jane", *NAMES[2:11], "7/8")
    assert tap.figures.sent_names == NAMES
    assert (tap.figures.renamed, tap.figures.kept_names) == (2, 0)
    before = text_of(data).replace(b"\tS2\t", b"\tDoe, Jane\t", 1).replace(b"\tS12\n", b"\t7/8\n", 1)
    assert text_of(out) == before
    assert tap.figures.size == len(out)
    assert tap.figures.sha256 == hashlib.sha256(out).hexdigest()


@pytest.mark.parametrize(
    ("names", "kept"),
    [
        ({"S1": "A", "S2": "A"}, 2),
        ({"S1": "S2"}, 1),
        ({"S1": "a\tb", "S2": "x\ny"}, 2),
        ({"S1": ""}, 1),
    ],
    ids=["twice", "of another", "cuts", "empty"],
)
def test_names_that_cannot_stand_are_left_as_they_were_sent(
    tmp_path: Path, names: dict[str, str], kept: int
) -> None:
    data = packed(dose_text(site_lines(sites=20)), tmp_path)
    out, tap = passed(data, names=names)
    assert out == data
    assert (tap.figures.renamed, tap.figures.kept_names) == (0, kept)


def test_names_with_odd_bytes_go_by(tmp_path: Path) -> None:
    odd = ("caf\udce9", "Ünal", *NAMES[2:])
    out, tap = passed(packed(dose_text(site_lines(sites=20), odd), tmp_path), names={"S3": "b\udcffc"})
    assert tap.figures.samples[:3] == ("caf\udce9", "Ünal", "b\udcffc")
    assert b"\tcaf\xe9\t" in text_of(out)
    assert b"\tb\xffc\t" in text_of(out)


def test_a_gzip_that_is_no_bgzf_is_packed_anew(tmp_path: Path) -> None:
    text = dose_text(site_lines(sites=3000))
    out, tap = passed(gzip.compress(text[:200_000]) + gzip.compress(text[200_000:]) + bytes(512))
    path = written(tmp_path, out, tap)
    assert text_of(out) == text
    assert tap.figures.repacked
    with open_text_blocks(path) as blocks:
        assert blocks.eof_marker
    wanted = lines_in(text, "20", 2_000_000, 2_300_000)
    assert found_by(["tabix"], path, "20:2000000-2300000") == wanted != b""


def test_info_files_of_both_generations_agree(tmp_path: Path) -> None:
    sites = site_lines(sites=200)
    kinds = {"TYPED": "Typed_Only", "TYPED;IMPUTED": "Genotyped", "IMPUTED": "Imputed"}
    rows = [b"SNP\tREF(0)\tALT(1)\tALT_Frq\tMAF\tAvgCall\tRsq\tGenotyped\tLooRsq"]
    for line in sites:
        cells = line.split("\t")
        kind = next(kinds[mark] for mark in sorted(kinds, key=len, reverse=True) if mark in cells[7])
        name = f"{cells[0]}:{cells[1]}:{cells[3]}:{cells[4]}"
        rows.append(f"{name}\t{cells[3]}\t{cells[4]}\t0.1\t0.1\t0.9\t0.8\t{kind}\t-".encode())
    table = b"\n".join(rows) + b"\n"
    _, new = passed(packed(info_text(sites), tmp_path), "chr20.info.gz")
    for data in (gzip.compress(table), packed(table, tmp_path)):
        _, old = passed(data, "chr20.info.gz")
        (one,), (other,) = old.figures.chromosomes, new.figures.chromosomes
        assert (one.records, one.both, one.typed_only, one.imputed) == (200, 13, 7, 180)
        assert (one.digest, one.both, one.imputed) == (other.digest, other.both, other.imputed)
        assert one.typed_keys.tolist() == other.typed_keys.tolist()
        assert one.by_megabase.tolist() == other.by_megabase.tolist()
        assert old.index() is None
    assert new.figures.kind is FileKind.INFO


@pytest.mark.parametrize("name", ["chr20.info.gz", "job.info"])
def test_an_info_file_of_an_unknown_kind_goes_by(tmp_path: Path, name: str) -> None:
    text = b"#snp rsq typed\n20:100 0.9 1\n" * 5000
    data = packed(text, tmp_path) if name.endswith(".gz") else text
    out, tap = passed(data, name)
    assert out == data
    assert tap.figures.records == 0
    assert tap.index() is None
    assert "not counted" in tap.figures.notes[0]


def test_marks_of_older_minimac_and_of_beagle(tmp_path: Path) -> None:
    old_head = ("##fileformat=VCFv4.1", '##INFO=<ID=TYPED_ONLY,Number=0,Type=Flag,Description="x">')
    fixed = "20\t{}\t.\tA\tC\t.\tPASS\t{}"
    minimac = ["AF=0.1;TYPED;ER2=0.5", "AF=0.1;IMPUTED", "AF=0.2;TYPED_ONLY"]
    sites = [fixed.format(10 + n, info) for n, info in enumerate(minimac)]
    (one,) = passed(packed(dose_text(sites, head=old_head), tmp_path))[1].figures.chromosomes
    assert (one.both, one.imputed, one.typed_only) == (1, 1, 1)
    beagle = ["DR2=1.00;AF=0.1", "DR2=0.50;AF=0.1;IMP", "IMP;DR2=0.1", "AF=0.5;XDR2=1"]
    sites = [fixed.format(10 + n, info) for n, info in enumerate(beagle)]
    (one,) = passed(packed(dose_text(sites), tmp_path))[1].figures.chromosomes
    assert (one.both, one.imputed, one.unmarked) == (1, 2, 1)


def test_marks_of_minimac_3_stand_in_the_filter(tmp_path: Path) -> None:
    head = (
        "##fileformat=VCFv4.1",
        '##FILTER=<ID=GENOTYPED,Description="Marker was genotyped AND imputed">',
        '##FILTER=<ID=GENOTYPED_ONLY,Description="Marker was genotyped but NOT imputed">',
    )
    fixed = "20\t{}\t.\tA\tC\t.\t{}\t{}"
    told = [
        ("PASS", "AF=0.1;MAF=0.1;R2=0.9"),
        ("GENOTYPED", "AF=0.1;MAF=0.1;R2=0.9;ER2=0.8"),
        ("PASS;GENOTYPED", "AF=0.1;MAF=0.1;R2=0.9;ER2=0.8"),
        ("GENOTYPED_ONLY", "AF=0.1;MAF=0.1"),
        ("PASS", "AF=0.1"),
    ]
    sites = [fixed.format(10 + n, *each) for n, each in enumerate(told)]
    (one,) = passed(packed(dose_text(sites, head=head), tmp_path))[1].figures.chromosomes
    assert (one.imputed, one.both, one.typed_only, one.unmarked) == (1, 2, 1, 1)
    (one,) = passed(packed(dose_text(sites), tmp_path))[1].figures.chromosomes
    assert one.unmarked == 5, "without its header the words in FILTER mean nothing"


def refused(data: bytes, name: str = DOSE) -> str:
    with pytest.raises(ContentFault) as caught:
        passed(data, name)
    return str(caught.value)


def test_what_is_damaged_inside_is_told(tmp_path: Path) -> None:
    text = dose_text(site_lines(sites=4000))
    data = packed(text, tmp_path)
    bent = bytearray(data)
    bent[len(data) // 2] ^= 8
    assert "damaged at byte" in refused(bytes(bent))
    assert "middle of a block" in refused(data[: len(data) // 2])
    assert "middle of its compressed data" in refused(gzip.compress(text)[:-2000])
    assert "damaged" in refused(data + b"more than eighteen bytes behind the end")
    assert "not compressed" in refused(b"no such thing at all, really")
    assert "names its columns" in refused(packed(b"##fileformat=VCFv4.2\n20\t1\n", tmp_path))
    assert "record 2 has 20 columns and not 21" in refused(
        packed(text[: text.index(b"\n20\t") + 1] + _spoilt(text), tmp_path)
    )
    lines = text.replace(b"\t20:", b"\t20:", 1)
    assert "record 1 has no number" in refused(packed(_with_position(lines), tmp_path))


def _spoilt(text: bytes) -> bytes:
    rows = text[text.index(b"\n20\t") + 1 :].splitlines(keepends=True)
    return rows[0] + rows[1].rpartition(b"\t")[0] + b"\n" + rows[2]


def _with_position(text: bytes) -> bytes:
    at = text.index(b"\n20\t") + 4
    return text[:at] + b"x" + text[at:]


def test_a_file_that_ends_at_a_block_without_its_marker(tmp_path: Path) -> None:
    """Whole lines are taken and told of; half a line is not."""
    data = packed(dose_text(site_lines(sites=40)), tmp_path)
    _, tap = passed(data.removesuffix(EOF_MARKER))
    assert tap.figures.end_marker is False
    assert tap.figures.records == 40
    cut = packed(dose_text(site_lines(sites=40))[:-20], tmp_path).removesuffix(EOF_MARKER)
    assert refused(cut) == "ends in the middle of a line"


def test_records_out_of_order_have_no_index(tmp_path: Path) -> None:
    sites = site_lines(sites=40)
    for mixed in ([*sites[20:], *sites[:20]], [sites[0], *site_lines("X", 3), *sites[1:]]):
        _, tap = passed(packed(dose_text(mixed), tmp_path))
        assert not tap.figures.sorted
        assert tap.index() is None


TEXT = dose_text(site_lines(sites=25))


@settings(deadline=None, max_examples=120)
@given(
    cuts=st.lists(
        st.tuples(st.integers(0, len(TEXT) - 1), st.integers(0, 40), st.binary(max_size=12)),
        min_size=1,
        max_size=4,
    )
)
def test_whatever_stands_in_a_file_ends_in_words(cuts: list[tuple[int, int, bytes]]) -> None:
    """Bytes cut out and put in, in blocks that are whole: a fault in words, or a file that goes by."""
    text = TEXT
    for at, length, put in cuts:
        text = text[:at] + put + text[at + length :]
    data = b"".join(pack_block(text[at : at + 700], 1) for at in range(0, len(text), 700)) + EOF_MARKER
    with contextlib.suppress(ContentFault):
        out, tap = passed(data, names={"S1": "own"})
        tap.index()
        assert tap.figures.records == sum(one.records for one in tap.figures.chromosomes)
        assert len(text_of(out)) == len(text) + tap.figures.renamed


def test_odd_positions_do_not_break_the_index(tmp_path: Path) -> None:
    line = "20\t{}\t.\tA\t{}\t.\tPASS\tIMPUTED;END={}"
    sites = [line.format(0, "C", 1), line.format(5, "<DEL>", "9" * 18), line.format(70_000, "C", 1)]
    _, tap = passed(packed(dose_text(sites), tmp_path))
    assert tap.index() is None
    sites[1] = line.format(5, "<DEL>", 200_000)
    out, tap = passed(packed(dose_text(sites), tmp_path))
    path = written(tmp_path, out, tap)
    assert found_by(["tabix"], path, "20:150000-160000").count(b"\n") == 1
    far = [line.format(9_999_999_999, "C", 1)]
    assert passed(packed(dose_text(far), tmp_path))[1].index() is None
    name = dose_text(site_lines(sites=3)).replace(b"\n20\t", b"\n" + b"x" * 9000 + b"\t", 1)
    assert "no end" in refused(packed(name, tmp_path))


def test_figures_are_kept_as_they_were(tmp_path: Path) -> None:
    odd = ("caf\udce9", *NAMES[1:])
    _, tap = passed(packed(dose_text(site_lines(), odd), tmp_path))
    path = tmp_path / "kept" / "figures.npz"
    save_figures(path, [tap.figures, FileFigures("other.txt")])
    again, other = load_figures(path)
    assert again.samples == odd
    assert again.chromosomes[0].typed_keys.tolist() == tap.figures.chromosomes[0].typed_keys.tolist()
    assert (again.name, again.kind, again.records) == (DOSE, FileKind.DOSE, 300)
    assert other.kind is FileKind.OTHER
    assert not list(path.parent.glob("*.part"))


def test_files_by_their_names() -> None:
    names = {
        "chr20.dose.vcf.gz": FileKind.DOSE,
        "chr20.info.gz": FileKind.INFO,
        "chr20.empiricalDose.vcf.gz": FileKind.EMPIRICAL,
        "imputed.vcf.gz": FileKind.GENOTYPES,
        "qc_report.txt": FileKind.OTHER,
        "chr20.dose.vcf.gz.tbi": FileKind.OTHER,
        "chr20.dose.vcf.gz.csi": FileKind.OTHER,
    }
    assert {name: kind_of(name) for name in names} == names
