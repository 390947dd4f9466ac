"""Each command that writes genotypes puts their rule beside them before the first byte."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from app.domain.problem import Kind, problem
from app.domain.rule_file import RULE_FILE
from tests.helpers.command_line import Cli
from tests.helpers.direct_work import work_directly
from tests.helpers.fake_family import write_vcf
from tests.unit.results.merging.made_results import made_results

WRITERS = {
    "repair": ("app.cli.work.repair.repair_errand", ["repair", "{file}", "--out", "{out}"]),
    "convert": ("app.genotypes.convert.convert", ["convert", "{file}", "{out}/x.vcf.gz"]),
    "convert with dosages": (
        "app.results.export.converting.convert_with_dosages",
        ["convert", "{dose}", "{out}/x.bgen"],
    ),
    "panels pack": ("app.cli.work.packed_panel.pack_vcf", ["panels", "pack", "{file}", "{out}/x.hpanel"]),
    "results filter": (
        "app.operations.export_here.write_export",
        ["results", "filter", "{one}", "--out", "{out}"],
    ),
    "results meta": (
        "app.results.meta.run.meta_impute",
        ["results", "meta", "{one}", "{two}", "--out", "{out}"],
    ),
    "results consensus": (
        "app.results.meta.consensus.consensus",
        ["results", "consensus", "{one}", "{two}", "--out", "{out}"],
    ),
    "results merge": (
        "app.results.merging.batches.merge_batches",
        ["results", "merge", "{one}", "{two}", "--out", "{out}"],
    ),
}


@pytest.fixture
def places(tmp_path: Path) -> dict[str, str]:
    """Files of people under a rule, results made of them, and a folder that is not there yet."""
    ruled = tmp_path / "ruled"
    ruled.mkdir()
    (ruled / RULE_FILE).write_text("ZA")
    one, two = (str(each.write(ruled / f"r{k}")) for k, each in enumerate(made_results(2, people=20)))
    dose = str(next(Path(one).glob("*.dose.vcf.gz")))
    return {
        "file": str(write_vcf(ruled)),
        "one": one,
        "two": two,
        "dose": dose,
        "out": str(tmp_path / "new" / "out"),
    }


@pytest.mark.parametrize("writer", sorted(WRITERS))
def test_the_rule_stands_before_the_first_byte_and_goes_where_nothing_was_written(
    cli: Cli, places: dict[str, str], monkeypatch: pytest.MonkeyPatch, writer: str
) -> None:
    where, words = WRITERS[writer]
    out = Path(places["out"])
    seen: list[str] = []
    work_directly(monkeypatch)
    monkeypatch.setattr(where, _ending(out, seen))
    told = cli(*(each.format(**places) for each in words), "--json")
    assert told.code == 3
    (text,) = seen
    assert "ZA, this computer" in text
    assert not out.parent.exists()


def _ending(out: Path, seen: list[str]) -> Callable[..., None]:
    """A writer that ends at its first byte."""

    def write(*args: object, **more: object) -> None:
        seen.append((out / RULE_FILE).read_text("utf-8"))
        raise problem(Kind.DISK, "The disk is full", "There is no room.")

    return write


def test_data_that_lie_there_when_it_ends_keep_their_rule(
    cli: Cli, places: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = Path(places["out"])

    def half_written(*args: object, **more: object) -> None:
        (out / "half.bgen").write_bytes(b"people")
        raise problem(Kind.DISK, "The disk is full", "There is no room.")

    monkeypatch.setattr("app.results.export.converting.convert_with_dosages", half_written)
    assert cli("convert", places["dose"], f"{out}/x.bgen", "--json").code == 3
    assert sorted(each.name for each in out.iterdir()) == ["half.bgen", RULE_FILE]
