"""Descriptions of workflows: those that ship, those of users, and what is wrong with others."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.domain.dataset import DataFile
from app.domain.parameter import ParameterType
from app.domain.problem import Kind, ProblemError
from app.services.contract import Connection, Submission
from app.services.wes.filling import Files, chromosome_of, fill, stem
from app.services.wes.form import make_form, make_panels
from app.services.wes.node import Node, read_node
from app.services.wes.order import Order, make_order
from app.services.wes.template import Template
from app.services.wes.templates import Described, read_template, read_templates, schema_text, shipped_folder
from tests.helpers.wes_stub import SAPPORO, STARTER_KIT

GOOD = """haplodesk_workflow: 1
id: mine
name: Mine
workflow: {type: NFL, versions: [DSL2], repository: "https://github.com/lab/mine", branch: dev}
params: {input: "{targets}"}
panels: [{id: one, name: One}]
"""


def shipped() -> dict[str, Described]:
    found, wrong = read_templates(None)
    assert not wrong
    return {each.template.id: each for each in found}


def test_what_ships_is_whole_and_has_true_parameters() -> None:
    known = shipped()
    assert set(known) == {"minimac4", "imputationserver2", "chipimputation", "genotype-imputation"}
    for each in known.values():
        form = make_form(each.template)
        assert form.of_type(ParameterType.FILES)
        assert form.of_type(ParameterType.PANEL)
        assert each.template.source
        assert all(panel.samples is None for panel in each.template.panels), "no panel is made up"
    chip = known["chipimputation"].template
    needed = {"target_datasets", "ref_panels", "eagle_genetic_map", "reference_genome", "chromosomes"}
    assert needed <= set(chip.params)
    unread = {"NE", "impute_iter", "impute_burnin", "site_miss", "hwe", "mac", "phasing_method"}
    assert not unread & set(chip.params), "its workflow does not read them"
    afrigen = known["genotype-imputation"].template
    assert {"input", "reference_panels", "overlap_min_ratio", "report_level"} <= set(afrigen.params)
    assert not {"reference_genome", "chromosomes", "generate_plots"} & set(afrigen.params)
    assert known["imputationserver2"].template.params["phasing"] == {
        "engine": "{phasing_engine}",
        "window": "{phasing_window}",
    }


def test_the_schema_is_that_of_the_model() -> None:
    assert (shipped_folder() / "schema.json").read_text(encoding="utf-8") == schema_text()


def test_a_users_own_wins_and_extends(tmp_path: Path) -> None:
    (tmp_path / "panel.yaml").write_text(
        "extends: minimac4\npanels:\n  - {id: africa, name: Africa, build: GRCh38, samples: 4447,\n"
        "     sets: {panel_file: '/data/africa.chr{chrom}.msav'}}\n"
    )
    (tmp_path / "broken.yaml").write_text("haplodesk_workflow: 1\nid: [")
    (tmp_path / "notes.txt").write_text("no description")
    found, wrong = read_templates(tmp_path)
    own = next(each for each in found if each.template.id == "minimac4")
    assert [panel.name for panel in own.template.panels] == ["Africa"]
    assert own.folder == str(shipped_folder())
    assert len(found) == 4
    assert [error.problem.subject for error in wrong] == ["broken.yaml"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("name: Mine\n", "", "“name” is missing"),
        ("name: Mine", "name: Mine\nnmae: x", "“nmae” is not known here"),
        ("id: mine", "id: Mine!", "id: "),
        ("{targets}", "{nothing}", "speaks of {nothing}, which is nothing"),
        ("{targets}", "fixed", "never names the files"),
        ("versions: [DSL2]", "versions: []", "versions is empty"),
        (', repository: "https://github.com/lab/mine"', "", "none of main, url"),
        ("https://github.com", "ftp://github.com", "has to begin with https://"),
        ("panels: [{id: one, name: One}]", "panels: []", "panels is empty"),
        ("{id: one, name: One}", "{id: one, name: A}, {id: one, name: B}", "two panels are called one"),
        ("{id: one, name: One}", "{id: one, name: A, sets: {x: y}}", "sets “x”, which is no parameter"),
        ('"{targets}"', '"{targets}", p: "{panel.path}"', "has no value “path”"),
        ("type: NFL", "type: NFL, main: ../main.nf", "has to lie in the folder"),
        ("type: NFL", "type: NFL, main: main.nf", "does not lie beside it"),
        ("haplodesk_workflow: 1", "- 1", "It is no YAML"),
        ("haplodesk_workflow: 1", "extends: nothing", "which is not there"),
        ("name: Mine", "name: Mine\nparameters: [{id: a, label: A, shown: choice}]", "have choices"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in GOOD
    path = tmp_path / "mine.yaml"
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(ProblemError) as caught:
        read_template(path)
    problem = caught.value.problem
    assert problem.kind is Kind.INPUT
    assert problem.what_happened.startswith("mine.yaml: ")
    assert said.lower() in problem.what_happened.lower()


def data(folder: Path, *names: str) -> tuple[DataFile, ...]:
    made = []
    for name in names:
        path = folder / name
        path.write_bytes(b"x")
        made.append(DataFile(path=str(path), name=name, size=1, modified=path.stat().st_mtime_ns))
    return tuple(made)


def filled(template: Template, targets: tuple[DataFile, ...], **options: str | bool) -> dict[str, Any]:
    files = Files(
        template=template, panel=template.panels[0], options=dict(options), targets=targets,
        by_name=True, storage="", ending="", name="study.x1",
    )  # fmt: skip
    return fill(template.params, files)


def test_minimac_gets_its_panel_for_each_chromosome(tmp_path: Path) -> None:
    targets = data(tmp_path, "a.chr20.vcf.gz", "a.chr22.vcf.gz")
    data(tmp_path, "panel.20.msav", "panel.22.msav")
    told = filled(shipped()["minimac4"].template, targets, panel_file=f"{tmp_path}/panel.%s.msav")
    assert told == {
        "target": [{"class": "File", "path": "a.chr20.vcf.gz"}, {"class": "File", "path": "a.chr22.vcf.gz"}],
        "name": ["a.chr20", "a.chr22"],
        "panel": [{"class": "File", "path": "panel.20.msav"}, {"class": "File", "path": "panel.22.msav"}],
        "min_r2": "0",
        "window": "20000000",
        "overlap": "3000000",
        "threads": "2",
    }


def test_files_go_under_names_that_are_plain_and_their_own(tmp_path: Path) -> None:
    """cwltool refuses blanks, WESkit changes them; of two files with one name the second takes the place."""
    for folder in ("here", "there"):
        (tmp_path / folder).mkdir()
    (target,) = data(tmp_path / "here", "Ménages du nord (2).chr22.vcf.gz")
    (panel,) = data(tmp_path / "there", target.name)
    told, again = (filled(shipped()["minimac4"].template, (target,), panel_file=panel.path) for _ in range(2))
    assert told == again
    assert told["target"][0]["path"] == "M_nages_du_nord_2_.chr22.vcf.gz"
    assert told["panel"][0]["path"] == "2_M_nages_du_nord_2_.chr22.vcf.gz"
    (odd,) = data(tmp_path, "Minimac4.cwl")
    assert filled(shipped()["minimac4"].template, (odd,), panel_file="/p")["target"][0]["path"] == (
        "2_Minimac4.cwl"
    ), "the workflow itself is called so"


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("weskit", "trs://127.0.0.1:80/%23workflow%2Fgithub.com%2Flab%2Fa/1.2/CWL/x/a.cwl"),
        (
            "sapporo",
            "http://127.0.0.1:80/ga4gh/trs/v2/tools/%23workflow%2Fgithub.com%2Flab%2Fa/versions/1.2/PLAIN_CWL"
            "/descriptor/x/a.cwl",
        ),
    ],
)
def test_who_asks_no_registry_gets_the_address_of_the_text(tmp_path: Path, key: str, told: str) -> None:
    address = "trs://127.0.0.1:80/%23workflow%2Fgithub.com%2Flab%2Fa/1.2/CWL/x/a.cwl"
    template = Template.model_validate(
        {
            "haplodesk_workflow": 1,
            "id": "mine",
            "name": "Mine",
            "workflow": {"type": "CWL", "versions": ["v1.2"], "trs": address},
            "params": {"input": "{target_words}"},
            "panels": [{"id": "own", "name": "Own"}],
        }
    )
    node = Node(base="http://x", dialect_key=key, engines={"cwltool": ()})
    order = make_order(
        Connection(service_id="x", base_url="http://x"),
        node,
        Described(template=template, folder=str(tmp_path), path=""),
        Submission(app_id="mine", remote_name="s.x1", files=data(tmp_path, "b.vcf.gz")),
        encrypted=False,
    )
    assert dict(order.fields)["workflow_url"] == told


def test_what_the_server_reads_by_itself(tmp_path: Path) -> None:
    template = shipped()["minimac4"].template
    (target,) = data(tmp_path, "a.vcf.gz")
    told = filled(template, (target,), panel_file="https://panels.example/chr20.msav")
    assert told["panel"] == [{"class": "File", "location": "https://panels.example/chr20.msav"}]
    assert filled(template, (target,), panel_file="/data/x.msav")["panel"][0]["path"] == "/data/x.msav"
    for wrong in ("no/such/file", "/data/chr%s.msav"):
        with pytest.raises(ProblemError) as caught:
            filled(template, (target,), panel_file=wrong)
        assert caught.value.problem.kind is Kind.INPUT


def test_the_lists_of_chipimputation(tmp_path: Path) -> None:
    told = filled(
        shipped()["chipimputation"].template, data(tmp_path, "a.vcf.gz"), chromosomes="20,22",
        panel_m3vcf="/r/%s.m3vcf.gz", panel_vcf="/r/%s.vcf.gz", eagle_genetic_map="/m", reference_genome="/f",
    )  # fmt: skip
    assert told["target_datasets"] == [["a", "a.vcf.gz"]]
    assert told["ref_panels"] == [["own", "/r/%s.m3vcf.gz", "/r/%s.vcf.gz"]]
    assert (told["chunk_size"], told["maf_thresh"], told["chromosomes"]) == (20_000_000, 0.1, "20,22")


def test_panels_of_several_workflows_at_one_server_are_told_apart() -> None:
    """Each of ours calls its panel `own`; a person and the rest of the program see which is which."""
    forms = [(each.template, make_form(each.template)) for each in shipped().values()]
    panels = [
        panel
        for template, form in forms
        for panel in make_panels(
            template,
            "node",
            frozenset(choice.key for one in form.of_type(ParameterType.PANEL) for choice in one.choices),
            datetime(2026, 11, 26, tzinfo=UTC),
        )
    ]
    assert len(panels) == len(forms)
    assert len({panel.id for panel in panels}) == len({panel.name for panel in panels}) == len(panels)
    assert "own@minimac4" in {panel.id for panel in panels}


@pytest.mark.parametrize("panel", ["own", "own@genotype-imputation", "own@minimac4", "other"])
def test_a_panel_is_taken_by_the_workflow_that_has_it(tmp_path: Path, panel: str) -> None:
    options = {"panel_m3vcf": "/m", "panel_vcf": "/v", "refpanel": panel}
    if panel in {"own", "own@genotype-imputation"}:
        fields = dict(order_of_genotype_imputation(tmp_path, options).fields)
        assert json.loads(fields["workflow_params"])["reference_panels"] == [["own", "/m", "/v"]]
    else:
        with pytest.raises(ProblemError, match="does not offer"):
            order_of_genotype_imputation(tmp_path, options)


def order_of_genotype_imputation(tmp_path: Path, options: Mapping[str, str | bool]) -> Order:
    """One file for a server that runs Nextflow."""
    return make_order(
        Connection(service_id="x", base_url="https://x"),
        read_node("https://x", SAPPORO | {
            "workflow_type_versions": {"NFL": {"workflow_type_version": ["DSL2"]}},
            "workflow_engine_versions": {"nextflow": {"workflow_engine_version": ["26"]}},
        }),
        shipped()["genotype-imputation"],
        Submission(
            app_id="genotype-imputation@1",
            remote_name="s.x1",
            files=data(tmp_path, "b.vcf.gz"),
            options=dict(options),
        ),
        encrypted=False,
    )  # fmt: skip


def test_the_table_of_genotype_imputation(tmp_path: Path) -> None:
    order = order_of_genotype_imputation(tmp_path, {"panel_m3vcf": "/m", "panel_vcf": "/v"})
    assert order.sheet == "sample,vcf,population,sex\nb,b.vcf.gz,,\n"
    fields = dict(order.fields)
    assert fields["workflow_url"] == "https://github.com/AfriGen-D/genotype-imputation"
    assert fields["workflow_engine"] == "nextflow"
    assert '"remove_duplicates": true' in fields["workflow_params"]
    assert [file.name for file in order.attached] == ["b.vcf.gz"]


def test_a_server_with_other_versions_is_told_apart(tmp_path: Path) -> None:
    order = Submission(app_id="minimac4", remote_name="s", files=data(tmp_path, "b.vcf.gz"),
                       options={"panel_file": "/p"})  # fmt: skip
    with pytest.raises(ProblemError) as caught:
        make_order(
            Connection(service_id="x", base_url="https://x"),
            read_node("https://x", STARTER_KIT),
            shipped()["minimac4"],
            order,
            encrypted=False,
        )
    assert caught.value.problem.kind is Kind.REFUSED


@pytest.mark.parametrize(
    ("name", "chromosome"),
    [
        ("study.chr22.vcf.gz", "22"),
        ("chrX.vcf.gz", "X"),
        ("a_chrom_7.bcf", "7"),
        ("chr22b.vcf.gz", None),
        ("study22.vcf.gz", None),
        ("a.chromosome-MT.vcf", "MT"),
    ],
)
def test_the_chromosome_of_a_name(name: str, chromosome: str | None) -> None:
    assert chromosome_of(name) == chromosome


def test_stems() -> None:
    assert stem("/x/a b.vcf.gz") == "a_b"
    assert stem("---.vcf") == "study"
    assert stem("a.chr1.BCF") == "a.chr1"
