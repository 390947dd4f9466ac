"""What is remembered of made files stays short, and rules that are stated later are still found."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest

from app.domain.clock import FixedClock
from app.domain.residency import residency_of
from app.operations import tidy_made
from app.operations.add_dataset import data_files
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.residency import keep_rule, rule_for, state_residency
from app.operations.residency_memory import made_files
from app.operations.tidy_made import GONE, LONG_GONE, tidy_made_files
from app.store import datasets, settings


def size(desk: Desk) -> int:
    return len(json.dumps(desk.store.read_now(made_files)))


def later(desk: Desk, days: float) -> None:
    assert isinstance(desk.clock, FixedClock)
    desk.clock.advance(timedelta(days=days).total_seconds())


def exported(desk: Desk, ready: JobDraft, path: Path, content: bytes) -> Path:
    source = desk.store.read_now(lambda c: datasets.dataset(c, ready.dataset_id))
    assert source is not None
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    asyncio.run(keep_rule(desk, None, data_files((path,)), source.files))
    return path


def test_what_is_gone_for_long_is_known_by_its_content(
    desk: Desk, ready: JobDraft, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tidy_made, "SMALL", 0)
    for number in range(20):
        exported(desk, ready, tmp_path / f"out{number}" / "people.bgen", b"people").unlink()
    kept = exported(desk, ready, tmp_path / "kept" / "people.bgen", b"others")
    before = size(desk)
    asyncio.run(tidy_made_files(desk))
    assert size(desk) == before, "gone since today"
    later(desk, LONG_GONE.days / 2)
    back = exported(desk, ready, tmp_path / "out3" / "people.bgen", b"people")
    asyncio.run(tidy_made_files(desk))
    back.unlink()
    later(desk, LONG_GONE.days / 2)
    asyncio.run(tidy_made_files(desk))
    assert size(desk) < before / 3
    known = json.loads(desk.store.read_now(lambda c: settings.state(c, GONE)) or "")
    assert set(known) == {str(back)}, "it was there meanwhile"
    asyncio.run(state_residency(desk, ready.dataset_id, "ZA"))
    copy = tmp_path / "copy.bgen"
    copy.write_bytes(b"people")
    for each in (copy, kept):
        assert asyncio.run(rule_for(desk, None, data_files((each,)))) == residency_of("ZA")


def test_a_short_list_is_not_even_looked_at(desk: Desk, ready: JobDraft, tmp_path: Path) -> None:
    exported(desk, ready, tmp_path / "out" / "people.bgen", b"people").unlink()
    assert asyncio.run(tidy_made_files(desk)) == 0
    assert desk.store.read_now(lambda c: settings.state(c, GONE)) is None
