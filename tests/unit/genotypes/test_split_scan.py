"""Several processes that share a file find what one pass finds."""

import hashlib
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.progress import Progress
from app.genotypes import scan as scanning
from app.genotypes.bgzf import EOF_MARKER, ContainerFault, pack_block, split_points
from app.genotypes.cohort import Cohort, open_cohort
from app.genotypes.scan import Scan, scan_file
from app.genotypes.split_scan import PartReaders, read_part
from tests.unit.genotypes.test_row_kernels import text_of
from tests.unit.genotypes.vcf_text import good, names, record, vcf


class Here(PartReaders):
    """Reads the parts in this process, so that many files can be tried."""

    def __enter__(self) -> PartReaders:
        return self

    def listen(self, seconds: float = 0) -> tuple[int, int]:
        return 0, 0

    def results(self, tell):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
        return [read_part(part, lambda _: None) for part in self.parts]


def packed(text: bytes, block: int = 3000) -> bytes:
    return b"".join(pack_block(text[at : at + block], 1) for at in range(0, len(text), block)) + EOF_MARKER


def assert_same_scan(one: Scan, other: Scan) -> None:
    for name, column in vars(one.sites).items():
        assert np.array_equal(column, getattr(other.sites, name)), name
    assert one.chromosomes == other.chromosomes
    assert one.per_sample.missing.tolist() == other.per_sample.missing.tolist()
    assert one.per_sample.het.tolist() == other.per_sample.het.tolist()
    assert one.faults == other.faults
    for name in ("samples", "formats", "sha256", "gave_up", "records", "size", "eof_marker", "partial"):
        assert getattr(one, name) == getattr(other, name), name
    assert str(one.error) == str(other.error)


def assert_same_cohort(one: Cohort, other: Cohort) -> None:
    for name in ("position", "flags", "record", "counts", "packed"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name
    assert [one.names[k] for k in one.chromosome] == [other.names[k] for k in other.chromosome]
    for column in ("ids", "refs", "alts"):
        assert list(getattr(one, column)) == list(getattr(other, column))
    whole = slice(0, len(one))
    assert np.array_equal(one.phase(whole), other.phase(whole))
    assert np.array_equal(one.haploid(whole), other.haploid(whole))
    assert (one.samples, one.records, one.has_haploid) == (other.samples, other.records, other.has_haploid)


@given(
    st.integers(0, 2**32), st.integers(0, 9), st.integers(2, 6), st.sampled_from([0.0, 0.3]), st.booleans()
)
@settings(max_examples=20, deadline=None)
def test_parts_joined_are_the_whole(
    tmp_path_factory: pytest.TempPathFactory, seed: int, samples: int, parts: int, odd: float, plain: bool
) -> None:
    folder = tmp_path_factory.mktemp("parts")
    path = folder / "a.vcf.gz"
    text = vcf([], names(samples)) + text_of(random.Random(seed), samples, odd, 200)
    path.write_bytes(text if plain else packed(text, 700))
    one = scan_file(path, processes=1, digest=True, cohort=folder / "one")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scanning, "PartReaders", Here)
        other = scan_file(path, processes=parts, digest=True, cohort=folder / "other")
    assert len(split_points(path, parts)) > 1
    assert_same_scan(one, other)
    assert (folder / "one").exists() == (folder / "other").exists()
    if (folder / "one").exists():
        assert_same_cohort(open_cohort(folder / "one"), open_cohort(folder / "other"))
    assert not list(folder.glob("haplodesk-parts-*"))


def test_real_processes(tmp_path: Path) -> None:
    path = tmp_path / "a.vcf.gz"
    path.write_bytes(packed(good(30, 4000), 60_000))
    seen: list[Progress] = []
    one = scan_file(path, processes=1, cohort=tmp_path / "one", digest=True)
    other = scan_file(path, seen.append, processes=3, cohort=tmp_path / "other", digest=True)
    assert_same_scan(one, other)
    assert other.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert_same_cohort(open_cohort(tmp_path / "one"), open_cohort(tmp_path / "other"))
    assert max(each.done for each in seen) <= path.stat().st_size
    assert seen[-1].counts["variants"] <= 4000


def test_damage_in_a_later_part_ends_the_scan_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.vcf.gz"
    whole = bytearray(packed(good(30, 4000), 6000))
    at = split_points_of(path, bytes(whole), 3)[1]
    whole[at + 400] ^= 0x55
    path.write_bytes(whole)
    monkeypatch.setattr(scanning, "PartReaders", Here)
    one = scan_file(path, processes=1, cohort=tmp_path / "one")
    other = scan_file(path, processes=3, cohort=tmp_path / "other")
    assert one.error is not None
    assert one.error.fault is ContainerFault.CORRUPT
    assert 0 < len(one.sites) < 4000
    assert_same_scan(one, other)
    assert not (tmp_path / "one").exists()
    assert not (tmp_path / "other").exists()


def split_points_of(path: Path, content: bytes, parts: int) -> list[int]:
    path.write_bytes(content)
    return split_points(path, parts)


def test_what_the_system_refuses_a_process_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.vcf.gz"
    path.write_bytes(packed(good(30, 2000)))
    real = scanning.part_folder

    def spoiled(*args):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN002, ANN202
        folder = real(*args)
        (folder / "0").write_bytes(b"in the way")
        return folder

    monkeypatch.setattr(scanning, "part_folder", spoiled)
    with pytest.raises(FileExistsError, match="haplodesk-parts"):
        scan_file(path, processes=2)


def test_small_files_and_such_without_header_are_read_by_one(tmp_path: Path) -> None:
    path = tmp_path / "a.vcf"
    path.write_bytes(record(1, ["0/1"] * 3).encode() * 500)
    assert scanning._shared(path, None) == [0]
    assert scanning._shared(path, 4) == [0]
    assert len(scan_file(path, processes=4).sites) == 500
