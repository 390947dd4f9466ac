"""The list of a job that a server refused, on messy data: compared, learned from, and repaired by it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from app.domain.changes import Noun
from app.domain.dataset import Dataset
from app.domain.panel import Panel
from app.domain.repair import RepairCode
from app.domain.service import Service
from app.domain.verdict import Outcome
from app.genotypes.rules import rules_for
from app.genotypes.server.panel_sites import PanelTables
from app.genotypes.server.parameters import ServerQcAnswer
from app.operations.add_dataset import add_dataset
from app.operations.check_dataset import check_dataset, dataset_of
from app.operations.desk import Desk
from app.operations.predict import learn_from_excluded, predict
from app.operations.repair_dataset import plan_repair, repair_dataset
from app.practice.quality import write_files
from app.store import services
from tests.helpers.desk_fixtures import desk, fake
from tests.helpers.fake_family import NOW
from tests.helpers.panel_tables import sites_of_vcf
from tests.helpers.server_oracle.oracle import ask_oracle
from tests.helpers.shared import shared_data

__all__ = ["desk", "fake"]

PANEL = Panel(id="apps@1000g@2.0.0", service_id="m", app_id="a", name="1000G", build="GRCh37", as_of=NOW)
SERVICE = Service(
    id="m", name="Michigan", family="cloudgene", base_url="https://imputationserver.sph.umich.edu", added=NOW
)


def ask_server(files: list[Path], panel: Path) -> ServerQcAnswer:
    """The plain copy of the server's quality control, with the sites of the panel."""
    parameters = rules_for(SERVICE, PANEL, build="GRCh37").parameters
    return ask_oracle(files, parameters, PanelTables({"22": sites_of_vcf(panel)}.get))


async def _resubmitted(desk: Desk, file: Path, listed: Path) -> Dataset:
    await desk.store.write(lambda c: services.save_service(c, SERVICE))
    await desk.store.write(lambda c: services.replace_panels(c, "m", (PANEL,), NOW))
    (key,) = (await add_dataset(desk, (file,))).ids(Noun.DATASET)
    await check_dataset(desk, key)
    await predict(desk, key, "m", PANEL.id)
    assert (await dataset_of(desk, key)).verdicts[0].not_judged
    found = await learn_from_excluded(desk, key, listed, "m", PANEL.id)
    assert (found.only_here, found.other_reason) == (0, 0)
    assert found.only_there == found.learned > 300
    learned = (await dataset_of(desk, key)).verdicts[0]
    assert learned == found.verdict
    assert learned.headline == "Michigan would refuse this: 178 strand flips, 100 allowed."
    again = await learn_from_excluded(desk, key, listed, "m", PANEL.id)
    assert (again.same, again.learned) == (True, 0)
    plan = await plan_repair(desk, key, "m", PANEL.id)
    assert {RepairCode.FLIP, RepairCode.SWITCH, RepairCode.FLIP_SWITCH} <= {s.code for s in plan.steps}
    made = (await repair_dataset(desk, key, "m", PANEL.id)).ids(Noun.DATASET)
    return await dataset_of(desk, next(each for each in made if each != key))


def test_a_refused_job_is_understood_and_resubmitted_repaired(desk: Desk, tmp_path: Path) -> None:
    messy = shared_data("impute_chr22_eur", "messy", "target.messy.vcf.gz")
    panel = shared_data("impute_chr22_eur", "panel.chr22.vcf.gz")
    refused = ask_server([messy], panel)
    assert not refused.accepted
    write_files(refused, tmp_path)
    listed = tmp_path / "statistics" / "snps-excluded.txt"
    repaired = asyncio.run(_resubmitted(desk, messy, listed))
    assert repaired.verdicts[0].outcome is not Outcome.REFUSES
    answer = ask_server([Path(each.path) for each in repaired.files], panel)
    assert answer.accepted, answer.error
    assert answer.counters is not None
    assert answer.counters.strand_flip + answer.counters.strand_flip_and_switch == 0
    assert answer.counters.allele_mismatch == 0
