"""The server's quality control: all cases with answers of a real server, and rules that no case shows."""

from pathlib import Path

import numpy as np
import pytest

from app.genotypes.bgzf import BgzfWriter
from app.genotypes.server.chunks import ChunkBooks, Taken
from app.genotypes.server.lift import LiftOver
from app.genotypes.server.panel_sites import PanelArrays, in_order
from app.genotypes.server.parameters import ServerQcParameters
from app.genotypes.server.site_filter import Fates
from app.genotypes.server_qc import ServerQcAnswer, run_server_qc
from tests.unit.genotypes.qc_cases import cases, differences
from tests.unit.genotypes.vcf_text import names, record, vcf


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_answers_of_a_real_server(case: Path) -> None:
    assert differences(case) == {}


PANEL = PanelArrays(
    {"20": in_order([(p, "A", "G") for p in range(100, 200)]), "X": in_order([(5_000_000, "A", "G")])}
)
LOOSE = ServerQcParameters(min_samples=0, min_snps=1)


def ask(
    tmp_path: Path, records: list[str], samples: int = 3, rules: ServerQcParameters = LOOSE
) -> ServerQcAnswer:
    path = tmp_path / "a.vcf.gz"
    with BgzfWriter(path) as writer:
        writer.write(vcf(records, names(samples)))
    return run_server_qc([path], rules, PANEL)


def test_counting_of_odd_genotypes(tmp_path: Path) -> None:
    found = ask(tmp_path, [record(100, ["./1", "2/2", "0/0"]), record(101, ["./0", "0/2", "."])])
    assert found.counters is not None
    assert (found.counters.match, found.counters.monomorphic) == (1, 1)


def test_limit_of_flips_is_strict(tmp_path: Path) -> None:
    rows = [record(100 + n, ["0/0", "0/1", "1/1"], ref="T", alt="C") for n in range(3)]
    rows += [record(150 + n, ["0/0", "0/1", "1/1"]) for n in range(3)]
    assert ask(tmp_path, rows, rules=LOOSE.model_copy(update={"strand_flips": 3})).accepted
    found = ask(tmp_path, rows, rules=LOOSE.model_copy(update={"strand_flips": 2}))
    assert found.error is not None
    assert found.error.startswith("More than 2 obvious strand flips have been detected. Please check strand.")
    assert found.counters is not None


def test_panel_without_the_chromosome(tmp_path: Path) -> None:
    found = ask(tmp_path, [record(100, ["0/0", "0/1", "1/1"], chromosome="21")])
    assert found.stage == "qc"
    assert "doesn't support chromosome 21" in str(found.error)


def test_population_is_asked_first(tmp_path: Path) -> None:
    rules = ServerQcParameters(population="zz", populations={"eur": 60}, panel_id="p")
    assert ask(tmp_path, [], rules=rules).error == (
        "Population 'zz' is not supported by reference panel 'p'.\nAvailable populations:\n - eur"
    )


def x_record(position: int, *genotypes: str) -> str:
    return record(position, genotypes, chromosome="X")


def test_ploidy_on_x_is_ambiguous_only_from_haploid_to_diploid(tmp_path: Path) -> None:
    down = [x_record(5_000_000, "0/1", "0/0", "0/0"), x_record(5_000_001, "1", "0/0", "0/0")]
    assert ask(tmp_path, down).accepted
    up = [x_record(5_000_000, "1", "0/1", "0/0"), x_record(5_000_001, "0/1", "0/0", "0/0")]
    found = ask(tmp_path, up)
    assert found.error is not None
    assert "ambiguous samples" in found.error
    assert found.x_ploidy == (("S0", "X:5000001"),)


def test_half_calls_on_x(tmp_path: Path) -> None:
    found = ask(tmp_path, [x_record(5_000_000, "./1", "0/1", "0/0")])
    assert (
        found.error
        == "Chromosome X nonPAR region includes > 10 % mixed genotypes. Imputation cannot be started!"
    )


def test_exact_multiples_belong_to_the_chunk_before_and_empty_chunks_are_told() -> None:
    books = ChunkBooks(ServerQcParameters(min_snps=1))
    books.begin("20", ["S"])
    yes, no = np.ones(2, bool), np.zeros(2, bool)
    position = np.array([20_000_000, 46_000_000])
    books.take(Taken(position, yes, Fates(no, yes, yes), lambda rows: np.array([len(rows)])))
    books.finish()
    assert books.remaining == ["chunk_20_0000000001_0020000000", "chunk_20_0040000001_0060000000"]
    assert [(each.chunk, each.snps, each.reference_overlap) for each in books.excluded] == [
        ("chunk_20_0020000001_0040000000", 0, None)
    ]


def test_lift_over_with_its_faults(tmp_path: Path) -> None:
    chain = tmp_path / "a.chain"
    chain.write_text(
        "chain 1 chr20 1000 + 100 220 chr20 1000 + 300 415 1\n50 5 0\n65\n\n"
        "chain 1 chr21 1000 + 0 50 chr21 1000 - 900 950 2\n50\n"
    )
    lift = LiftOver(chain)
    names, target, place = lift.lift("chr20", np.array([101, 150, 156]))
    assert names == ["chr20"]
    assert target.tolist() == [0, -1, 0]  # 150 is the last base before a gap
    assert place[[0, 2]].tolist() == [301, 351]
    assert lift.lift("chr21", np.array([1]))[2].tolist() == [99]  # 100 would be right
