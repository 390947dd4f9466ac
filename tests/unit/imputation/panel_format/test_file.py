"""A packed panel is read back from anywhere, and damage of any kind ends in a sentence."""

import ctypes
import mmap
import os
import sys
from pathlib import Path

import deflate
import numpy as np
import pytest

from app.domain.problem import Kind, ProblemError
from app.imputation.built_in.stretch import stretch_of
from app.imputation.panel_format import codec, layout, reader, writer
from app.imputation.panel_format.reader import Panel, is_packed_panel
from app.imputation.panel_format.site_columns import Sites
from app.imputation.panel_format.writer import PanelWriter
from tests.unit.imputation.panel_format.panels import packed_panel, same, some_alleles, some_sites


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec, "MOST_SITES", 64)


@pytest.mark.usefixtures("small_blocks")
def test_any_range_is_read(tmp_path: Path) -> None:
    path, sites, alleles = packed_panel(tmp_path / "p.hpanel")
    assert is_packed_panel(path)
    with Panel.open(path) as panel:
        assert (panel.contig, panel.size, panel.count, len(panel.ploidy)) == ("7", 90, 300, 45)
        assert (panel.first, panel.last) == (sites.positions[0], sites.positions[-1])
        assert panel.per_mb == tuple(np.bincount(sites.positions // 1_000_000).tolist())
        assert same(panel.stretch(), sites, alleles)
        places = [1, *sites.positions[[0, 1, 63, 64, 65, 150, 299]].tolist(), 10**6]
        for first in places:
            for last in places:
                rows = (sites.positions >= first) & (sites.positions <= last)
                part = panel.stretch(first, last)
                assert same(part, sites.take(rows), alleles[rows])
                assert panel.sites(first, last).positions.tolist() == sites.positions[rows].tolist()
                assert panel.positions(first, last).tolist() == sites.positions[rows].tolist()
                assert panel.alt_counts(first, last).tolist() == alleles[rows].sum(axis=1).tolist()
        panel.verify()


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("most", [1, 50, 64, 100, 1000])
def test_pieces_of_some_size(most: int, tmp_path: Path) -> None:
    path, sites, alleles = packed_panel(tmp_path / "p.hpanel")
    first, last = int(sites.positions[30]), int(sites.positions[270])
    rows = (sites.positions >= first) & (sites.positions <= last)
    with Panel.open(path) as panel:
        pieces = list(panel.stretches(first, last, most))
        at = int(np.flatnonzero(rows)[0])
        assert [len(piece) for piece in pieces[:-1]] == [most] * (len(pieces) - 1)
        for piece in pieces:
            part = slice(at, at + len(piece))
            assert same(piece, sites.take(part), alleles[part])
            wanted = stretch_of(alleles[part], sites.positions[part])
            assert (piece.form == wanted.form).all()
            assert (piece.alt_counts == wanted.alt_counts).all()
            at += len(piece)
        assert at == int(np.flatnonzero(rows)[-1]) + 1
        assert list(panel.stretches(10**7, 10**8)) == []


@pytest.mark.usefixtures("small_blocks")
def test_sites_are_found_by_their_positions_and_counted(tmp_path: Path) -> None:
    path, sites, alleles = packed_panel(tmp_path / "p.hpanel")
    first, last = int(sites.positions[30]), int(sites.positions[270])
    wanted = np.concatenate([sites.positions[::7], [10**8]])
    with Panel.open(path) as panel:
        found = list(panel.at(wanted, first, last))
        rows = np.concatenate([numbers for numbers, _ in found])
        inside = (sites.positions >= first) & (sites.positions <= last)
        assert rows.tolist() == np.flatnonzero(np.isin(sites.positions, wanted) & inside).tolist()
        assert len(found) > 2
        for numbers, piece in found:
            assert piece.positions.tolist() == sites.positions[numbers].tolist()
            assert piece.refs.tolist() == sites.refs[numbers].tolist()
            assert piece.alts.tolist() == sites.alts[numbers].tolist()
            assert np.array_equal(piece.alleles(slice(None)), alleles[numbers])
        for position in [0, *sites.positions[[0, 63, 64, 128, 299]].tolist(), first + 1, 10**8]:
            assert panel.rows_before(position) == int((sites.positions < position).sum())


@pytest.mark.usefixtures("small_blocks")
def test_haplotypes_without_names_are_the_same(tmp_path: Path) -> None:
    path, sites, alleles = packed_panel(tmp_path / "p.hpanel")
    with Panel.open(path) as panel:
        bare = list(panel.stretches(names=False))
        assert np.array_equal(np.concatenate([each.alleles(slice(None)) for each in bare]), alleles)
        assert np.concatenate([each.positions for each in bare]).tolist() == sites.positions.tolist()
        assert same(panel.stretch(), sites, alleles)  # what was unpacked last had no names


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cuts no file that is mapped")
@pytest.mark.usefixtures("small_blocks")
def test_a_panel_that_is_cut_while_it_is_open_is_told(tmp_path: Path) -> None:
    """Reading on would end the process: the system has nothing to show for the pages behind the end."""
    path, sites, _ = packed_panel(tmp_path / "p.hpanel", count=2000)
    with Panel.open(path) as panel:
        panel.stretch(1, int(sites.positions[10]))
        os.truncate(path, 100)
        readings = (panel.stretch, panel.sites, panel.positions, panel.alt_counts, panel.verify)
        for read in readings:
            with pytest.raises(ProblemError, match="damaged") as caught:
                read()
            assert "cut to 100 of" in str(caught.value.problem.details)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux refuses to let go of locked pages")
def test_a_panel_that_is_locked_in_memory_is_read(tmp_path: Path) -> None:
    path, sites, alleles = packed_panel(tmp_path / "p.hpanel")
    with Panel.open(path) as panel:
        pages = np.frombuffer(panel._data, dtype=np.uint8)
        if ctypes.CDLL(None).mlock(ctypes.c_void_p(pages.ctypes.data), ctypes.c_size_t(len(pages))):
            pytest.skip("no memory may be locked here")
        with pytest.raises(OSError, match="argument"):
            panel._mapped.madvise(mmap.MADV_DONTNEED)
        assert same(panel.stretch(), sites, alleles)
        del pages


def test_men_and_women(tmp_path: Path) -> None:
    ploidy = np.array([2, 1, 1, 2, 2] * 9, dtype=np.uint8)
    path, sites, alleles = packed_panel(tmp_path / "p.hpanel", size=72, ploidy=ploidy)
    with Panel.open(path) as panel:
        assert panel.ploidy.tolist() == ploidy.tolist()
        assert same(panel.stretch(), sites, alleles)


def test_a_panel_without_sites(tmp_path: Path) -> None:
    with PanelWriter(tmp_path / "p.hpanel", "7", np.array([2], dtype=np.uint8)):
        pass
    with Panel.open(tmp_path / "p.hpanel") as panel:
        assert (panel.count, panel.first, panel.last, panel.per_mb) == (0, 0, 0, ())
        assert len(panel.stretch()) == len(panel.sites()) == len(panel.alt_counts()) == 0
        panel.verify()


def test_a_writer_that_fails_leaves_nothing(tmp_path: Path) -> None:
    people = np.array([2], dtype=np.uint8)
    sites = some_sites(5)

    def write() -> None:
        with PanelWriter(tmp_path / "p", "7", people) as out:
            out.add(sites, some_alleles(5, 2))
            out.add(sites, some_alleles(5, 2))

    with pytest.raises(ValueError, match="out of order"):
        write()
    assert list(tmp_path.iterdir()) == []


def opened_and_read(path: Path) -> None:
    with Panel.open(path) as panel:
        panel.stretch()
        panel.verify()


@pytest.mark.usefixtures("small_blocks")
def test_no_changed_byte_goes_unseen(tmp_path: Path) -> None:
    """Each byte turned, in steps that are coprime to everything: always a problem, never other haplotypes."""
    path, *_ = packed_panel(tmp_path / "p.hpanel", count=150, size=20)
    whole = path.read_bytes()
    other = tmp_path / "q.hpanel"
    for at in range(0, len(whole), max(1, len(whole) // 130)):
        damaged = bytearray(whole)
        damaged[at] ^= 1 << at % 8
        other.write_bytes(damaged)
        with pytest.raises(ProblemError) as caught:
            opened_and_read(other)
        assert caught.value.problem.kind is Kind.INPUT


def test_a_cut_file_is_damaged(tmp_path: Path) -> None:
    path, *_ = packed_panel(tmp_path / "p.hpanel", count=100)
    whole = path.read_bytes()
    other = tmp_path / "q.hpanel"
    for length in (1, 5, 8, 40, 100, len(whole) // 2, len(whole) - 1):
        other.write_bytes(whole[:length])
        with pytest.raises(ProblemError, match="damaged"):
            opened_and_read(other)
    other.write_bytes(whole + b"x")
    with pytest.raises(ProblemError, match="damaged"):
        opened_and_read(other)


def test_other_files_are_told_apart(tmp_path: Path) -> None:
    for content in (b"", b"##fileformat=VCFv4.2\n" * 20):
        (tmp_path / "p").write_bytes(content)
        assert not is_packed_panel(tmp_path / "p")
        with pytest.raises(ProblemError, match="no packed panel"):
            Panel.open(tmp_path / "p")
    with pytest.raises(ProblemError) as caught:
        Panel.open(tmp_path / "nowhere")
    assert caught.value.problem.kind is Kind.DISK
    assert not is_packed_panel(tmp_path / "nowhere")


def test_a_newer_version_is_refused_with_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as later:
        later.setattr(layout, "VERSION", 2)
        path, *_ = packed_panel(tmp_path / "p.hpanel", count=10)
    with pytest.raises(ProblemError, match="newer version") as caught:
        Panel.open(path)
    assert "version 2" in caught.value.problem.what_happened


@pytest.mark.parametrize("place", [16, 20], ids=["people", "haplotypes"])
def test_sizes_that_lie_are_refused_before_anything_is_made(place: int, tmp_path: Path) -> None:
    """Even with a checksum that fits: a head that claims a billion people."""
    path, *_ = packed_panel(tmp_path / "p.hpanel", count=10)
    data = bytearray(path.read_bytes())
    data[place : place + 4] = (1 << 30).to_bytes(4, "little")
    crc = deflate.crc32(bytes(data[: layout.HEAD_BYTES - 4]) + bytes(data[layout.HEAD_BYTES :][:1]))
    data[layout.HEAD_BYTES - 4 : layout.HEAD_BYTES] = crc.to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(ProblemError, match="damaged"):
        Panel.open(path)


@pytest.mark.usefixtures("small_blocks")
def test_a_broken_block_spoils_only_itself(tmp_path: Path) -> None:
    path, sites, alleles = packed_panel(tmp_path / "p.hpanel")
    data = bytearray(path.read_bytes())
    with Panel.open(path) as panel:
        place = panel._places[2]
    data[place + 3] ^= 0x40
    path.write_bytes(data)
    with Panel.open(path) as panel:
        edge = int(sites.positions[60])
        rows = sites.positions <= edge
        assert same(panel.stretch(1, edge), sites.take(rows), alleles[rows])
        with pytest.raises(ProblemError, match="damaged"):
            panel.stretch()
        with pytest.raises(ProblemError, match="damaged"):
            panel.verify()


def test_long_texts_are_kept(tmp_path: Path) -> None:
    sites = some_sites(3)
    sites.refs[1] = "ACGT" * 20_000
    sites = Sites(sites.positions, sites.ids, sites.refs, sites.alts)
    alleles = some_alleles(3, 2)
    with PanelWriter(tmp_path / "p", "chrUn_é", np.array([2], dtype=np.uint8)) as out:
        out.add(sites, alleles)
    with Panel.open(tmp_path / "p") as panel:
        assert panel.contig == "chrUn_é"
        assert same(panel.stretch(), sites, alleles)


class NoSums:
    """A deflate whose checksums are all the same."""

    deflate_compress, deflate_decompress = deflate.deflate_compress, deflate.deflate_decompress
    DeflateError = deflate.DeflateError

    @staticmethod
    def crc32(_data: object) -> int:
        """Always right."""
        return 0


@pytest.mark.usefixtures("small_blocks")
def test_damage_that_checksums_do_not_show_crashes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if somebody had made the file by hand: it is read, or refused with a sentence."""
    for module in (layout, reader, writer):
        monkeypatch.setattr(module, "deflate", NoSums)
    path, *_ = packed_panel(tmp_path / "p.hpanel", count=150, size=20)
    whole = path.read_bytes()
    random = np.random.default_rng(11)
    kinds = []
    for _ in range(200):
        damaged = bytearray(whole)
        near_the_ends = random.choice([random.integers(45), len(whole) - 1 - random.integers(120)])
        for at in (int(random.integers(len(whole))), int(near_the_ends)):
            damaged[at] = int(random.integers(256))
        path.write_bytes(damaged)
        try:
            opened_and_read(path)
        except ProblemError as error:
            kinds.append(error.problem.kind)
    assert set(kinds) == {Kind.INPUT}
    assert len(kinds) > 100
