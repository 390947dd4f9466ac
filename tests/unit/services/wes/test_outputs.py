"""The outputs of a run, in all forms. Source: ga4gh.md 5."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.domain.job import LOG_GROUP
from app.services.wes.node import Node
from app.services.wes.outputs import Leaf, leaves, remote_files, wanted_leaves

NODE = Node(base="https://wes.example/ga4gh/wes/v1", dialect_key="wes-1.1")


def node(key: str) -> Node:
    return NODE.model_copy(update={"dialect_key": key})


def names(told: Any, key: str = "wes-1.1", patterns: tuple[str, ...] = ()) -> list[str]:
    return [leaf.name for leaf in wanted_leaves(told, node(key), patterns)]


def addresses(told: Any, key: str) -> list[str]:
    found = remote_files(wanted_leaves(told, node(key), ()), node(key), "run/1")
    return [json.loads(file.locator.get_secret_value())["address"] for file in found]


def test_cwl_files_with_their_companions() -> None:
    dose = {
        "class": "File",
        "location": "file:///run/out/a%20b.dose.vcf.gz",
        "basename": "a b.dose.vcf.gz",
        "size": 12,
        "checksum": "sha1$" + "a" * 40,
        "secondaryFiles": [{"class": "File", "location": "file:///run/out/a%20b.dose.vcf.gz.tbi"}],
    }
    told = {
        "dose": [dose],
        "folder": {
            "class": "Directory",
            "location": "file:///d",
            "listing": [{"class": "File", "path": "/d/qc.txt"}],
        },
        "nothing": None,
    }
    assert list(leaves(told)) == [
        Leaf(
            name="a b.dose.vcf.gz",
            address="file:///run/out/a%20b.dose.vcf.gz",
            size=12,
            checksum="sha1$" + "a" * 40,
        ),
        Leaf(name="a b.dose.vcf.gz.tbi", address="file:///run/out/a%20b.dose.vcf.gz.tbi"),
        Leaf(name="qc.txt", address="/d/qc.txt"),
    ]


def test_the_list_of_sapporo_is_asked_where_we_reach_it() -> None:
    told = [{"file_name": "sub/a.vcf.gz", "file_url": "http://10.0.0.1:1122/runs/1/outputs/sub/a.vcf.gz"}]
    assert names(told, "sapporo") == ["sub/a.vcf.gz"]
    assert addresses(told, "sapporo") == [f"{NODE.base}/runs/run%2F1/outputs/sub/a.vcf.gz"]


def test_names_of_fedimpute() -> None:
    told = {"files": ["chr20.dose.vcf.gz", "fedimpute_error.json"]}
    assert addresses(told, "fedimpute")[0] == f"{NODE.base}/runs/run%2F1/outputs/chr20.dose.vcf.gz"
    error = remote_files(wanted_leaves(told, node("fedimpute"), ()), node("fedimpute"), "1")[1]
    assert error.file.group == LOG_GROUP


def test_a_map_of_wdl() -> None:
    told = {
        "impute.vcf": "gs://bucket/x/chr1.vcf.gz",
        "impute.n": 600,
        "impute.word": "yes",
        "impute.all": ["/cromwell/a.txt", "s3://b/c.tbi"],
    }
    assert names(told, "cromwell") == ["chr1.vcf.gz", "a.txt", "c.tbi"]


def test_signed_addresses_win_over_paths() -> None:
    told = {
        "filesystem": ["out/chr1.dose.vcf.gz"],
        "S3": {"x": "https://s3.example/b/chr1.dose.vcf.gz?sig=1"},
    }
    assert names(told, "weskit") == ["chr1.dose.vcf.gz"]
    assert addresses(told, "weskit") == ["https://s3.example/b/chr1.dose.vcf.gz?sig=1"]


def test_of_every_file_of_a_run_only_the_expected() -> None:
    told = {
        "name": "file:///opt/work/a/.command.log",
        "filesystem": [
            "work/x/chr1.dose.vcf.gz",
            ".nextflow/cache/a.tbi",
            "out/chr1.dose.vcf.gz",
            "study.vcf.gz",
            "a.pdf",
        ],
    }
    assert names(told, "weskit") == ["chr1.dose.vcf.gz"]
    assert names(told, "weskit", ("*.pdf",)) == ["a.pdf"]


def test_names_that_lead_elsewhere() -> None:
    told = [
        {"file_name": "../../etc/passwd", "file_url": "https://x/y"},
        {"file_name": "/a\\b\n.txt", "url": ""},
        {"file_name": "..", "file_url": "https://x/z"},
    ]
    assert names(told) == ["etc/passwd", "a/b.txt", "file"]


def test_the_first_of_two_with_one_name() -> None:
    told = ["https://a/x.vcf.gz", "https://b/x.vcf.gz"]
    assert addresses(told, "wes-1.1") == ["https://a/x.vcf.gz"]


def test_a_tree_without_end_is_survived() -> None:
    told: Any = "https://a/x.vcf.gz"
    for _ in range(500):
        told = [told]
    assert names(told) == []


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["class", "location", "path", "file_name", "file_url", "url", "name", "x"]), inner
        )
    ),
    max_leaves=12,
)


@given(_JSON, st.sampled_from(["sapporo", "weskit", "wes-1.1", "toil", "fedimpute"]))
def test_nonsense_is_survived(told: Any, key: str) -> None:
    for leaf in wanted_leaves(told, node(key), ()):
        assert leaf.name
        assert not leaf.name.startswith("/")
        assert ".." not in leaf.name.split("/")
