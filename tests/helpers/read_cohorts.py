"""Reading any format into a cohort, and comparing two cohorts of one data set."""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from app.genotypes.cohort import Cohort, CohortWriter, count, open_cohort
from app.genotypes.readers.contract import FormatError
from app.genotypes.readers.opening import open_reader


def read(folder: Path, *paths: Path, rows: int = 2048) -> Cohort:
    """The cohort of one file or set, with every promise of a reader looked at on the way."""
    reader = open_reader(paths)
    with CohortWriter(folder, reader.origin, reader.samples, **reader.people) as writer:
        for batch in reader.batches(rows):
            assert batch.genotypes is not None or batch.packed is not None
            writer.append(batch)
    done, total = reader.progress()
    assert 0 <= done <= total
    cohort = open_cohort(folder)
    assert (count(np.ascontiguousarray(cohort.genotypes(slice(0, len(cohort))))) == cohort.counts).all()
    return cohort


def flipped(codes: np.ndarray) -> np.ndarray:
    """Genotypes with the other allele counted."""
    turned: np.ndarray = np.array([2, 1, 0, 3], np.uint8)[codes]
    return turned


def assert_same(found: Cohort, wanted: Cohort, *, either_reference: bool = False) -> None:
    """Equal samples, sites and genotypes; `either_reference` allows REF and ALT exchanged."""
    assert found.samples == wanted.samples
    assert found.position.tolist() == wanted.position.tolist()
    assert list(found.ids) == list(wanted.ids)
    assert [found.names[i] for i in found.chromosome] == [wanted.names[i] for i in wanted.chromosome]
    mine, theirs = (each.genotypes(slice(0, len(each))) for each in (found, wanted))
    pairs, expected = (list(zip(each.refs, each.alts, strict=True)) for each in (found, wanted))
    if either_reference:
        turn = np.array([a == (d, c) for a, (c, d) in zip(pairs, expected, strict=True)], bool)
        mine = np.where(turn[:, None], flipped(mine), mine)
        pairs = [pair[::-1] if turned else pair for pair, turned in zip(pairs, turn, strict=True)]
    assert pairs == expected
    assert (mine == theirs).all()


def tool(*command: str | Path) -> None:
    """Run an installed program; skips the test where it is not installed."""
    if shutil.which(str(command[0])) is None:
        pytest.skip(f"{command[0]} is not installed")
    subprocess.run([str(each) for each in command], check=True, capture_output=True, timeout=60)


def damaged(raw: bytes, seed: int) -> bytes:
    """A file with a few bytes changed, cut out, doubled or put in."""
    rng = random.Random(seed)
    data = bytearray(raw)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(data) or 1) if rng.random() < 0.5 else rng.randrange(min(len(data), 64) or 1)
        kind = rng.randrange(5)
        if kind == 0:
            data[at : at + 1] = bytes([rng.randrange(256)])
        elif kind == 1:
            del data[at : at + rng.randint(1, 40)]
        elif kind == 2:
            data[at:at] = data[at : at + rng.randint(1, 40)]
        elif kind == 3:
            data[at : at + 4] = rng.choice(
                [b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xff\xff\xff\x7f", b"\0\0\1\0"]
            )
        else:
            del data[at:]
    return bytes(data)


def survive(folder: Path, files: Sequence[Path], victim: Path, seeds: range) -> int:
    """Read sets with one file damaged; only FormatError and OSError may come. Gives how many were refused."""
    good, refused = victim.read_bytes(), 0
    for seed in seeds:
        victim.write_bytes(damaged(good, seed))
        try:
            read_loosely(folder / "cohort", files)
        except (FormatError, OSError):
            refused += 1
    victim.write_bytes(good)
    return refused


def read_loosely(folder: Path, files: Sequence[Path]) -> None:
    """Read everything into a cohort, whatever it holds."""
    reader = open_reader(files)
    with CohortWriter(folder, reader.origin, reader.samples, **reader.people) as writer:
        for batch in reader.batches(64):
            writer.append(batch)
