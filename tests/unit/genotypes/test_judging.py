"""From files to verdicts: what decides, what can be repaired, what was lost and what could not be judged."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from app.domain.finding import CheckReport
from app.domain.panel import Panel
from app.domain.problem import ProblemError
from app.domain.service import Limits, Service
from app.domain.verdict import Outcome, Verdict
from app.genotypes.bgzf import BgzfWriter
from app.genotypes.excluded_list import (
    LearnedPanel,
    compare_excluded,
    learn_panel,
    load_learned,
    read_list,
    save_learned,
)
from app.genotypes.judging import judge_files
from app.genotypes.rules import RulePack, rules_for
from app.genotypes.site_table import SiteTable, table_of
from app.genotypes.verdict import verdict_by_limits
from app.genotypes.verdict_errors import too_few, too_many
from app.genotypes.verdict_groups import joint_verdict
from tests.unit.genotypes.vcf_text import names, record, vcf

NOW = datetime(2026, 11, 25, tzinfo=UTC)
CALLS = ["0/0", "0/1", "1/1", "0/1", "0/0"] * 5


def pack(build: str | None = "GRCh37", **limits: int) -> RulePack:
    service = Service(
        id="m",
        name="Michigan",
        family="cloudgene",
        base_url="https://imputationserver.sph.umich.edu",
        added=NOW,
        limits=Limits.model_validate(limits),
    )
    panel = Panel(id="p", service_id="m", app_id="a", name="Panel", build="GRCh37", as_of=NOW)
    return rules_for(service, panel, build=build)


SITES = {"20": table_of((1000 + n, "A", "G") for n in range(400))}


def file(folder: Path, flips: int = 0, good: int = 30, people: int = 25) -> Path:
    calls = [CALLS[n % 25] for n in range(people)]
    rows = [record(1000 + n, calls, ref="T", alt="C") for n in range(flips)]
    rows += [record(1000 + flips + n, calls) for n in range(good)]
    path = folder / "a.vcf.gz"
    with BgzfWriter(path) as out:
        out.write(vcf(rows, names(people)))
    return path


def judge(path: Path, rules: RulePack, panel: dict[str, SiteTable] | None = SITES) -> Verdict:
    return judge_files([path], rules, panel)[1]


def test_good_files_are_taken(tmp_path: Path) -> None:
    found = judge(file(tmp_path), pack())
    assert found.outcome is Outcome.ACCEPTS
    assert found.headline == "Michigan would take this."
    assert (found.chunks, found.chunks_left, found.not_judged) == (1, 1, ())
    assert found.counters["match"] == 30


def test_strand_flips_decide_and_can_be_repaired(tmp_path: Path) -> None:
    found = judge(file(tmp_path, flips=212, good=100), pack())
    assert found.headline == "Michigan would refuse this: 212 strand flips, 100 allowed."
    assert found.remedy == "Haplodesk can repair all of them."
    reason = found.reasons[0]
    assert (reason.code, reason.here, reason.allowed, reason.repairable) == ("strand_flips", 212, 100, 212)
    assert reason.fix == "flip"
    assert found.server_says.startswith("More than 100 obvious strand flips")


def test_no_repair_is_promised_before_the_build_is_stated(tmp_path: Path) -> None:
    rows = [record(1000 + n, CALLS, ref="T", alt="C") for n in range(105)]
    rows += [record(1105 + n, CALLS, alt="G" if n < 200 else "C") for n in range(260)]
    path = tmp_path / "a.vcf.gz"
    with BgzfWriter(path) as out:
        out.write(vcf(rows, names(25)))
    words = "The build of the files is not certain. State it first; then Haplodesk can repair all of them."
    found = judge_files([path], pack(), SITES, certain_build=False)[1]
    assert found.headline == "Michigan would refuse this: 105 strand flips, 100 allowed."
    assert found.remedy == words
    assert found.state_build_first
    sure = judge(path, pack())
    assert (sure.remedy, sure.state_build_first) == ("Haplodesk can repair all of them.", False)


def test_sites_that_lie_in_the_panel_settle_the_build(tmp_path: Path) -> None:
    path = file(tmp_path, flips=212, good=100)
    found = judge_files([path], pack(), SITES, certain_build=False)[1]
    assert (found.remedy, found.state_build_first) == ("Haplodesk can repair all of them.", False)


def test_what_needs_no_build_is_promised_without_it(tmp_path: Path) -> None:
    rows = [record(1000 + n, CALLS, ref="T", alt="C") for n in range(50)]
    rows += [record(1050 + n, CALLS) for n in range(40)]
    rows += [record(1200 + n, CALLS, filters="LowQual") for n in range(7)]
    path = tmp_path / "a.vcf.gz"
    with BgzfWriter(path) as out:
        out.write(vcf(rows, names(25)))
    found = judge_files([path], pack(), SITES, certain_build=False)[1]
    assert found.remedy == (
        "Haplodesk can save 7 variants that would be left out. The build of the files is not certain. State "
        "it first; then Haplodesk can save 50 variants that would be left out."
    )


def test_groups_of_people_are_jobs_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    good = judge(file(tmp_path), pack()).model_copy(update={"group": "a"})
    bad = judge(file(tmp_path / "b", flips=212), pack()).model_copy(update={"group": "b"})
    found = joint_verdict([good, bad])
    assert found.outcome is Outcome.REFUSES
    assert found.headline == (
        "Michigan would refuse 1 of 2 groups of people, b: 212 strand flips, 100 allowed."
    )
    assert [each.text for each in found.reasons if each.stops] == ["b: 212 strand flips, 100 allowed"]
    assert found.chunks == 2
    assert [each.outcome for each in found.groups] == [Outcome.ACCEPTS, Outcome.REFUSES]
    fine = joint_verdict([good, good.model_copy(update={"group": "c"})])
    assert fine.headline == "Michigan would take each of 2 groups of people as a job of its own."


def test_flips_beside_another_site_are_not_counted_as_repairable(tmp_path: Path) -> None:
    path = file(tmp_path, flips=110, good=100)
    rows = [record(1000 + n, CALLS, ref="T", alt="C") for n in range(110)]
    rows += [record(1109, CALLS, ref="T", alt="C")] + [record(1110 + n, CALLS) for n in range(100)]
    with BgzfWriter(path) as out:
        out.write(vcf(rows, names(25)))
    found = judge(path, pack())
    assert (found.reasons[0].here, found.reasons[0].repairable) == (111, 109)
    assert found.remedy == "Haplodesk can repair 109."


def test_too_few_people(tmp_path: Path) -> None:
    found = judge(file(tmp_path, people=5), pack())
    assert found.outcome is Outcome.REFUSES
    assert found.headline == "Michigan would refuse this: 5 people, at least 20 are needed."


def test_the_guilty_of_a_lost_chunk_are_named(tmp_path: Path) -> None:
    rows = [record(1000 + n, [*CALLS[:-1], "./." if n % 3 else "0/1"]) for n in range(30)]
    path = tmp_path / "a.vcf.gz"
    with BgzfWriter(path) as out:
        out.write(vcf(rows, names(25)))
    found = judge(path, pack())
    assert found.outcome is Outcome.REFUSES  # the only chunk is lost
    assert [each.people for each in found.lost_chunks] == [("S24",)]
    assert found.lost_chunks[0].reason == "call_rate"
    assert found.reasons[0].fix == "drop_samples_chunk"


def test_without_a_site_list_the_rest_is_judged(tmp_path: Path) -> None:
    found = judge(file(tmp_path, flips=212), pack(), None)
    assert found.outcome is Outcome.PARTLY
    assert "no site list of Panel" in found.not_judged[0]
    assert found.counters["strand_flip"] is None
    assert found.counters["monomorphic"] == 0
    assert judge(file(tmp_path, people=3), pack(), None).outcome is Outcome.REFUSES


def test_another_build_without_a_chain_file_is_not_judged(tmp_path: Path) -> None:
    path = tmp_path / "a.vcf.gz"
    with BgzfWriter(path) as out:
        out.write(vcf([record(1000 + n, CALLS, chromosome="chr20") for n in range(9)], names(25)))
    found = judge(path, pack("GRCh38"))
    assert found.outcome is Outcome.PARTLY
    assert "no chain file" in found.not_judged[0]
    assert found.lifted == "The files are hg38 and the panel is hg19."


def test_plain_files_are_to_be_packed_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.vcf"
    path.write_bytes(vcf([record(1000, CALLS)], names(25)))
    found = judge(path, pack())
    assert (found.reasons[0].code, found.reasons[0].fix) == ("not_bgzf", "recompress")
    assert found.remedy == "Haplodesk can repair this."


def test_a_service_without_rules_is_unknown_or_refuses_by_its_limits() -> None:
    service = Service(
        id="t",
        name="T",
        family="teaspoons",
        base_url="https://t.example",
        added=NOW,
        limits=Limits(max_samples=9),
    )
    report = CheckReport(accepted=True, stage="ok", samples=10)
    assert verdict_by_limits(rules_for(service), report).headline == (
        "T would refuse this: 10 people, 9 are allowed."
    )
    small = report.model_copy(update={"samples": 5})
    assert verdict_by_limits(rules_for(service), small).outcome is Outcome.UNKNOWN
    assert len(verdict_by_limits(rules_for(service), None).not_judged) == 2


LIST = "ID\tCHROM\tPOS\tREF\tALT\tINFO\n"


def test_a_list_of_a_real_job_is_compared_and_taught_from(tmp_path: Path) -> None:
    path = file(tmp_path, flips=3)
    answer, _ = judge_files([path], pack(), SITES)
    rows = [f"v{p}\tchr20\t{p}\tT\tC\tStrand flip. Reference Panel: A/G\n" for p in (1000, 1001)]
    rows.append("v1002\tchr20\t1002\tT\tC\tAllele mismatch. Reference Panel: A/C\n")
    rows.append("v1020\tchr20\t1020\tA\tG\tMonomorphic\n")
    excluded = tmp_path / "snps-excluded.txt"
    excluded.write_text(LIST + "".join(rows))
    found = compare_excluded(excluded, answer)
    assert (found.agree, found.other_reason, found.only_there, found.only_here) == (2, 1, 1, 0)
    assert "1 by the server alone" in found.headline
    by_name = {each.what: each for each in found.differences}
    assert (by_name["Strand flip"].here, by_name["Strand flip"].there) == (3, 2)
    assert by_name["Monomorphic"].examples == ("20:1020 A/G",)
    assert learn_panel(excluded) == {"20": [(1000, "A", "G"), (1001, "A", "G"), (1002, "A", "C")]}


def test_what_was_learned_serves_where_there_is_no_site_list(tmp_path: Path) -> None:
    store = tmp_path / "learned" / "a.npz"
    assert save_learned(store, {"20": [(1000, "A", "G"), (1001, "A", "C")]}) == 2
    assert save_learned(store, {"20": [(1001, "A", "G")]}) == 0
    rows = load_learned(store)
    assert rows == {"20": [(1000, "A", "G"), (1001, "A", "G")]}
    answer, verdict = judge_files([file(tmp_path, flips=3)], pack(), LearnedPanel(rows))
    assert answer.counters is not None
    assert (answer.counters.strand_flip, answer.counters.match, answer.counters.typed_only) == (2, 31, 0)
    assert "only 2 sites of Panel are known" in verdict.not_judged[0]


def test_long_alleles_are_learned_whole(tmp_path: Path) -> None:
    store = tmp_path / "a.npz"
    rows = {"20": [(1000, "ACGTACGTACGTACGT", "A"), (1001, "A", "C" * 3000)], "X": [(5, "AC", "A")]}
    assert save_learned(store, rows) == 3
    assert load_learned(store) == rows
    assert [each.name for each in tmp_path.iterdir()] == ["a.npz"]


def test_of_an_older_file_what_was_not_cut_stays(tmp_path: Path) -> None:
    store = tmp_path / "a.npz"
    columns = {"chromosome": ["20", "20"], "ref": ["A", "ACGTACGT"], "alt": ["G", "A"]}
    arrays = {name: np.array(column, "U8") for name, column in columns.items()}
    np.savez_compressed(store, position=np.array([5, 6], np.int64), **arrays)
    assert load_learned(store) == {"20": [(5, "A", "G")]}
    assert save_learned(store, {"20": [(7, "A", "G")]}) == 1


def test_a_damaged_file_of_what_was_learned_is_made_anew(tmp_path: Path) -> None:
    store = tmp_path / "a.npz"
    rows = {"20": [(position, "A", "G") for position in range(200)]}
    save_learned(store, rows)
    whole = store.read_bytes()
    damaged = [whole[:cut] for cut in range(0, len(whole), 37)]
    damaged += [whole[:at] + b"\xff\xff\xff" + whole[at + 3 :] for at in range(0, len(whole), 11)]
    for content in damaged:
        store.write_bytes(content)
        load_learned(store)
    store.write_bytes(whole[: len(whole) // 2])
    assert save_learned(store, rows) == 200


def test_agreement_is_told(tmp_path: Path) -> None:
    answer, _ = judge_files([file(tmp_path, flips=1)], pack(), SITES)
    excluded = tmp_path / "snps-excluded.txt"
    excluded.write_text(LIST + "v1000\t20\t1000\tT\tC\tStrand flip. Reference Panel: A/G\n")
    assert compare_excluded(excluded, answer).same


@pytest.mark.parametrize("text", ["", "a\tb\n", LIST + "v\t20\tx\tA\tG\tMonomorphic\n", LIST + "v\t20\n"])
def test_other_files_are_no_lists(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.txt"
    path.write_text(text)
    with pytest.raises(ProblemError, match="not a list"):
        read_list(path)


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (too_few(1, 20), "1 person, at least 20 are needed"),
        (too_few(0, 1), "0 people, at least 1 is needed"),
        (too_many(60_000, 50_000), "60,000 people, 50,000 are allowed"),
    ],
)
def test_one_person_is_no_people(words: str, wanted: str) -> None:
    assert words == wanted
