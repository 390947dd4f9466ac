"""A new family of services touches only its own folder and the registry: here is one, and it works.

It passes the contract of all families and is used by the real operations, from its address to a verified
result; and the program asks no family for its name, but where that is listed here with the reason.
"""

from __future__ import annotations

import ast
import asyncio
import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

import app
from app.domain.changes import Noun
from app.domain.clock import FixedClock
from app.domain.job import JobState
from app.domain.problem import ProblemError
from app.domain.result import ResultState
from app.domain.service import Limits
from app.operations.add_dataset import add_dataset
from app.operations.add_service import add_service
from app.operations.change_settings import save_settings
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.fetch_results import fetch_results
from app.operations.submit_job import submit_job
from app.operations.sync_panels import sync_panels
from app.operations.visit_jobs import visit_jobs
from app.services.contract import Connection
from app.services.registry import Registry
from app.store import results, services
from app.store.secrets import MemorySecrets
from app.store.store import Store
from tests.helpers.desk_fixtures import QuickDesk, only_job, pass_check
from tests.helpers.fake_family import NOW, write_vcf
from tests.services.family_contract import FamilyContract
from tests.services.new_family.pigeon import APP, TOKEN, Loft, Pigeon

ADDRESS = "https://pigeon.example.org"
RESULT = (
    "##fileformat=VCFv4.2\n##contig=<ID=chr20>\n"
    '##FORMAT=<ID=DS,Number=1,Type=Float,Description="Dose">\n'
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ts1\n"
    "chr20\t61098\t.\tC\tT\t.\tPASS\t.\tDS\t0.5\n"
)


class LoftTarget:
    """A loft that a test can look into and shut."""

    def __init__(self) -> None:
        self.loft = Loft()
        self.connection = Connection(
            service_id="loft",
            base_url=ADDRESS,
            generation="pigeon",
            token=SecretStr(TOKEN),
            limits=Limits(min_poll_s=0.0),
        )

    def family(self) -> Pigeon:
        return Pigeon(self.loft)

    def jobs_at_server(self) -> list[str]:
        return [job.name for job in self.loft.jobs.values()]

    def finish(self, remote_id: str, files: dict[str, bytes]) -> None:
        self.loft.finish(remote_id, files)

    def gets_of_files(self) -> int:
        return self.loft.gets

    def list_requests(self) -> int:
        return self.loft.lists

    def cut_answer(self) -> None:
        self.loft.loses_next_answer = True

    def go_down(self) -> None:
        self.loft.open = False


@pytest.fixture
def target() -> LoftTarget:
    return LoftTarget()


class TestPigeon(FamilyContract):
    """The contract of all families, whole."""

    app_id = APP


@pytest.fixture
def loft() -> Loft:
    return Loft()


@pytest.fixture
def desk(tmp_path: Path, loft: Loft) -> Iterator[Desk]:
    with Store.open(tmp_path / "haplodesk.db") as store:
        registry = Registry(families=(Pigeon(loft),))
        yield QuickDesk(tmp_path, store, MemorySecrets(), registry, clock=FixedClock(NOW))


async def send(desk: Desk, folder: Path) -> str:
    """From the address to a job at the loft; the id of the service."""
    added = await add_service(desk, "Loft", ADDRESS, token=SecretStr(TOKEN))
    service_id = added.ids(Noun.SERVICE)[0]
    await desk.update_service(service_id, limits=Limits(min_poll_s=0.01))
    await sync_panels(desk, (service_id,))
    (panel,) = await desk.store.read(services.panels)
    dataset_id = (await add_dataset(desk, (write_vcf(folder),))).ids(Noun.DATASET)[0]
    await pass_check(desk, dataset_id)
    draft = JobDraft(
        name="By air",
        dataset_id=dataset_id,
        service_id=service_id,
        app_id=panel.app_id,
        panel_id=panel.id,
        terms={"promise": "I feed the pigeon."},
    )
    await submit_job(desk, draft)
    return service_id


def test_the_operations_use_it_from_its_address_to_a_verified_result(
    desk: Desk, loft: Loft, tmp_path: Path
) -> None:
    """Nobody says of which family it is; that is found by asking."""
    service_id = asyncio.run(send(desk, tmp_path))
    service = asyncio.run(desk.service(service_id))
    assert (service.family, service.generation, service.country) == ("pigeon", "pigeon", "ZA")
    assert service.token.username == "fancier"
    assert list(loft.received.values()) == [b"not looked at"]
    asyncio.run(visit_jobs(desk, service_id))
    job = asyncio.run(only_job(desk))
    assert (job.state, job.remote_id) == (JobState.QUEUED, "ring-1")

    loft.finish("ring-1", {"chr20.dose.vcf.gz": gzip.compress(RESULT.encode())})
    asyncio.run(visit_jobs(desk, service_id))
    assert asyncio.run(only_job(desk)).state is JobState.SUCCESS
    changes = asyncio.run(fetch_results(desk, job.id))
    result = desk.store.read_now(lambda c: results.result(c, changes.ids(Noun.RESULT)[0]))
    assert result is not None
    assert result.state is ResultState.VERIFIED
    (file,) = Path(result.folder).rglob("chr20.dose.vcf.gz")
    assert gzip.decompress(file.read_bytes()).decode() == RESULT


def test_an_answer_that_is_lost_makes_no_second_job(desk: Desk, loft: Loft, tmp_path: Path) -> None:
    loft.loses_next_answer = True
    service_id = asyncio.run(send(desk, tmp_path))
    asyncio.run(visit_jobs(desk, service_id))
    job = asyncio.run(only_job(desk))
    assert (job.remote_id, len(loft.jobs)) == ("ring-1", 1)


def test_rules_on_where_data_may_go_hold_for_it(desk: Desk, loft: Loft, tmp_path: Path) -> None:
    now = asyncio.run(desk.settings())
    data = now.data.model_copy(update={"only_to": "EU"})
    asyncio.run(save_settings(desk, now.model_copy(update={"data": data})))
    with pytest.raises(ProblemError, match="may not go there"):
        asyncio.run(send(desk, tmp_path))
    assert not loft.received


FAMILIES = frozenset({"cloudgene", "teaspoons", "wes", "local", "guided", "described"})
JUSTIFIED = {
    "domain/service.py": "is_here and is_by_hand: one place where each of these two questions is answered",
    "domain/residency.py": "“local” is a word that people type for this computer",
    "operations/by_hand.py": "the guide of a web page is read without asking the family",
    "operations/local_panels.py": "finds the service that is this computer, whose panels are made here",
    "operations/recorded_run.py": "an address that is none is left out of the record",
    "results/reporting/methods.py": "the text of a paper names no service for this computer",
    "results/reporting/references.py": "as methods.py",
    "ui/views/panels/panels_view.py": "only panels of this computer can be removed",
    "ui/dialogs/preset_words.py": "the heading of presets that are web pages",
    "ui/desk_operations.py": "a file that a person opens is a description, whose family is that",
    "cli/work/services.py": "the same on the command line",
    "cli/work/service_files.py": "prints schemas and examples of files that people write",
    "services/guides.py": "the folder of the guides is called so",
    "services/catalogue.py": "presets are made of the guides to web pages",
}
"""Files that know a family by its name, and why that is right. A new family needs no line here."""


def _decides_by_name(tree: ast.AST) -> bool:
    """Whether a name of a family is compared, looked up in a set, or is a value that is."""
    for node in ast.walk(tree):
        parts: list[ast.expr] = []
        if isinstance(node, ast.Compare):
            parts = [node.left, *node.comparators]
        elif isinstance(node, ast.Assign) and _is_only_names(node.value):
            return True
        elif isinstance(node, ast.match_case) and isinstance(node.pattern, ast.MatchValue):
            parts = [node.pattern.value]
        elif isinstance(node, ast.IfExp):
            parts = [node.body, node.orelse]
        elif isinstance(node, ast.keyword) and node.arg == "family":
            parts = [node.value]
        if any(_names(part) for part in parts):
            return True
    return False


def _names(part: ast.expr) -> bool:
    return any(isinstance(each, ast.Constant) and each.value in FAMILIES for each in ast.walk(part))


def _is_only_names(value: ast.expr) -> bool:
    """A constant, or a set, list or tuple of constants, with the name of a family in it."""
    if isinstance(value, ast.Call) and len(value.args) == 1:
        value = value.args[0]
    members = value.elts if isinstance(value, ast.Set | ast.List | ast.Tuple) else [value]
    return all(isinstance(each, ast.Constant) for each in members) and _names(value)


def _is_of_a_family(path: Path) -> bool:
    inside = path.parts[:2]
    return path.as_posix() == "services/registry.py" or (inside[0] == "services" and inside[1] in FAMILIES)


def deciding_files() -> set[str]:
    """The files of the program, outside of families and registry, that decide by the name of a family."""
    root = Path(app.__file__ or "").parent
    found = set()
    for path in root.rglob("*.py"):
        inside = path.relative_to(root)
        text = path.read_text("utf-8")
        if _is_of_a_family(inside) or not any(f'"{name}"' in text for name in FAMILIES):
            continue
        if _decides_by_name(ast.parse(text)):
            found.add(inside.as_posix())
    return found


def test_nobody_else_asks_a_family_for_its_name() -> None:
    """What a family cannot do stands in its capabilities, what only it can do in its abilities."""
    found = deciding_files()
    assert found - JUSTIFIED.keys() == set(), "ask for a capability or an ability instead"
    assert JUSTIFIED.keys() - found == set(), "these lines are not needed any more"


def test_the_families_are_those_of_the_registry() -> None:
    assert frozenset(Registry().names()) == FAMILIES


@pytest.mark.parametrize(
    ("text", "decides"),
    [
        ('if service.family == "wes":\n    pass', True),
        ('if service.family in {"wes", "local"}:\n    pass', True),
        ('KINDS = frozenset({"wes"})', True),
        ('OWN = "local"', True),
        ('match family:\n    case "guided":\n        pass', True),
        ('add(family="described")', True),
        ('folder = home / "local"', False),
        ("import wes\nname = family.name", False),
    ],
    ids=range(8),
)
def test_the_search_finds_what_it_is_for(text: str, decides: bool) -> None:
    assert _decides_by_name(ast.parse(text)) is decides
