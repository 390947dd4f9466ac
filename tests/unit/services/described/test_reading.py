"""Descriptions are read strictly: a fault is told with the file, the line and the field."""

from __future__ import annotations

import contextlib
import random
from pathlib import Path

import pytest

from app.domain.job import JobState
from app.domain.problem import Kind, ProblemError
from app.domain.resources import resource
from app.services.described.description import Description
from app.services.described.marks import Values, filled, path_of
from app.services.described.reading import Shelf, parsed, read_description

EXAMPLES = ("example-rest", "example-signed", "example-steps")


def example(name: str = "example-rest") -> str:
    return resource("described", f"{name}.yaml").read_text("utf-8")


def fault(text: str) -> str:
    with pytest.raises(ProblemError) as caught:
        parsed(text, Path("mine.yaml"))
    assert caught.value.problem.kind is Kind.INPUT
    return caught.value.problem.what_happened


def line_of(text: str, words: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if words in line)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_are_in_order(name: str) -> None:
    found = read_description(resource("described", f"{name}.yaml"))
    assert found.id == name
    assert Description.model_json_schema(by_alias=True)["properties"]["schema"]


@pytest.mark.parametrize(
    ("old", "new", "field", "words"),
    [
        ("  up: status == 'ok'", "  up: status ==", "health.up", "JMESPath"),
        ("  user: login", "  user: login\n  colour: red", "account.colour", "not known"),
        ("    id: id\n      name: title", "    id: id", "apps.1.panel_list.name", "missing"),
        ("  waiting: queued", "  waiting: perhaps", "states.waiting", "not allowed"),
        ("call: {get: /health}", "call: {get: health}", "health.call.get", "path"),
        ("call: {get: /health}", "call: {get: //evil.example/x}", "health.call.get", "path"),
        ("call: {get: /health}", 'call: {get: "/{token}"}', "health.call.get", "{token}"),
        ("call: {post: /jobs}", "call: {post: /jobs, get: /jobs}", "submit.call", "exactly one"),
        ("name: $name, app", "name: $nmae, app", "submit", "$nmae"),
        ("  kind: bearer", "  kind: oidc", "auth.kind", "not allowed"),
        ("schema: 1", "schema: 2", "schema", "not allowed"),
        ("base_path: /api/v1", "headers: {Cookie: x}", "the whole", "Cookie"),
        ("# country: DE", "country: Germany #", "country", "not written as it has to be"),
        ('cancel: {post: "/jobs/{id}/cancel"}', "cancel: /jobs/{id}/cancel", "cancel", "must be fields"),
        ('call: {get: "/jobs/{id}"}', "call: {get: /jobs}", "“status”", "of which job"),
        ("fields: {name: $name, application", "fields: {application", "submit", "sends $name nowhere"),
        ("min_poll_s: 30", "min_poll_s: -3", "limits.min_poll_s", "below zero"),
        ("min_poll_s: 30", "min_poll_s: .nan", "limits.min_poll_s", "no number"),
        ("min_poll_s: 30", "min_poll_s: .inf", "limits.min_poll_s", "no number"),
        ("min_poll_s: 30", "min_poll_s: 1e9", "limits.min_poll_s", "more than a day"),
        ("retention_days: 7", "retention_days: 99999999", "limits.retention_days", "more than a century"),
        ("pages: {next: next}", "pages: {next: next, number: p}", "list.pages", "exactly one"),
        ("  kind: bearer", "  kind: bearer\n  prefix: Token", "auth", "kind header"),
        ("application: $app}", "application: $app, r2: $option.r2}", "the whole", "$option.r2"),
    ],
)
def test_a_fault_is_told_with_its_field(old: str, new: str, field: str, words: str) -> None:
    text = example()
    assert old in text
    said = fault(text.replace(old, new, 1))
    assert field in said
    assert words in said


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("r2: $option.r2", "", "sends “r2” nowhere"),
        ("panel: $panel, ", "", "the panel nowhere"),
        ("vcfs: $files, ", "", "sends $files nowhere"),
        ("    url: upload.url   ", "    files: part\n    url: upload.url   ", "needs either `url`"),
    ],
)
def test_what_would_be_lost_on_the_way_is_told(old: str, new: str, words: str) -> None:
    text = example("example-signed")
    assert old in text
    assert words in fault(text.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('put: "/jobs/{id}/files/{name}"', 'put: "/files/{name}"', "into which job"),
        ('put: "/jobs/{id}/files/{name}"', 'put: "/jobs/{id}/file"', "take the place of the first"),
        ('put: "/jobs/{id}/files/{name}"', 'post: "/jobs/{id}/files"', "for a form name its field"),
        ('files/{name}"}', 'files/{name}"}\n    files: part', "sent by a post"),
        ('files/{name}"}', 'files/{name}"}\n    together: true', "`together` belongs"),
        ('files/{name}"}', 'files/{name}", body: {a: b}}', "without a body"),
        ('    post: "/jobs/{id}/start"', "    post: /start", "“start” has no {id}"),
        ('    post: "/jobs/{id}/start"', '    delete: "/jobs/{id}/start"', "by post or put"),
        ('drop: {delete: "/jobs/{id}"}', "drop: {delete: /jobs}", "“drop” has no {id}"),
        ('drop: {delete: "/jobs/{id}"}', 'drop: {get: "/jobs/{id}"}', "takes no job away"),
        ("pipeline: $app", "pipeline: $id", "nobody knows yet"),
        ("title: $name, ", "", "sends $name nowhere"),
        ("min_r2: $option.min_r2", "r2: 0.3", "sends “min_r2” nowhere"),
        ("  id: id                 ", "  files: part\n  id: id   ", "exactly one of `files`"),
        ("  id: id                 ", "  fields: {a: b}\n  id: id   ", "in place of `fields`"),
        ("  draft: unstarted", "  draft: queued", "no word for unstarted"),
    ],
)
def test_faults_of_a_job_that_is_made_first(old: str, new: str, words: str) -> None:
    text = example("example-steps").replace("  receiving: unstarted\n", "")
    assert old in text
    assert words in fault(text.replace(old, new, 1))


def test_steps_belong_to_a_job_that_is_made_first() -> None:
    assert "needs `start`" in fault(_without_start(example("example-steps")))
    started = example().replace("  id: job.id", '  start: {post: "/jobs/{id}/start"}\n  id: job.id')
    assert "belong to `into`" in fault(started)
    waits = example().replace("  waiting: queued", "  waiting: unstarted")
    assert "has no `into`" in fault(waits)


def _without_start(text: str) -> str:
    before, _, rest = text.partition("  start:")
    return before + "  drop:" + rest.partition("  drop:")[2]


def test_a_job_may_be_named_in_a_query_or_a_body() -> None:
    text = example().replace('call: {get: "/jobs/{id}"}', 'call: {get: /job, query: {no: "{id}"}}')
    text = text.replace('{post: "/jobs/{id}/cancel"}', "{post: /stop, body: {no: $id}}")
    found = parsed(text, Path("mine.yaml"))
    assert path_of(found.status.call, id="a/b c") == "/job?no=a%2Fb%20c"
    assert found.cancel is not None
    assert filled(found.cancel.body, Values(remote_id="7")) == {"no": "7"}


def test_a_fault_is_told_with_its_line() -> None:
    text = example().replace("  waiting: queued", "  waiting: perhaps")
    assert f"mine.yaml, line {line_of(text, 'waiting: perhaps')}:" in fault(text)
    text = example().replace("      name: title", "      name: title]")
    assert f"mine.yaml, line {line_of(text, 'title]')}:" in fault(text)


@pytest.mark.parametrize(
    "line",
    [
        "token: abc",
        "  password: hunter2",
        "  api_key: k",
        "  help: Bearer abcdef",
        "  help: eyJhbGciOi.eyJzdWIi.c2ln",
        "  url: https://ann:pw@imputation.example.org",
    ],
)
def test_secrets_are_refused(line: str) -> None:
    text = example()
    if line.startswith(" "):
        text = text.replace("  help: Make", "  # help: Make").replace("  kind: bearer", f"{line}\n  #", 1)
    else:
        text = f"{line}\n{text}"
    said = fault(text)
    assert "looks like a secret" in said
    assert f"line {line_of(text, line)}" in said
    assert "hunter2" not in said


def test_no_aliases_no_other_texts_no_large_files(tmp_path: Path) -> None:
    assert "aliases" in fault("a: &a [1]\nb: *a\n")
    assert "no fields" in fault("just text")
    assert "no YAML" in fault("a: [")
    large = tmp_path / "large.yaml"
    large.write_bytes(b"#" * 300_000)
    with pytest.raises(ProblemError, match="300,000 bytes"):
        read_description(large)
    with pytest.raises(ProblemError, match="cannot be read"):
        read_description(tmp_path / "gone.yaml")


def test_a_spoilt_description_never_raises_anything_else() -> None:
    draw, text = random.Random(7), example()
    for _ in range(12):
        at = draw.randrange(len(text))
        odd = draw.choice(["", ":", "{", "\t", "- ", "\0", "'"])
        with contextlib.suppress(ProblemError):
            parsed(text[:at] + odd + text[at + draw.randrange(6) :], Path("mine.yaml"))


def test_words_for_states_are_read_whatever_their_case() -> None:
    found = parsed(example(), Path("mine.yaml"))
    assert found.state("DONE") is JobState.SUCCESS
    assert found.state(" done ") is JobState.SUCCESS
    for word in ("done!", "", None, 4, True, ["done"]):
        assert found.state(word) is JobState.UNKNOWN


def test_the_users_own_come_first(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text(example().replace("name: Example imputation service", "name: Ours"), "utf-8")
    shelf = Shelf(tmp_path)
    assert shelf.named("example-rest").name == "Ours"
    assert shelf.named("example-signed").name == "Example with signed uploads"
    assert shelf.named(str(mine)).name == "Ours"
    with pytest.raises(ProblemError, match="example-rest"):
        shelf.named("nobody")
    (tmp_path / "broken.yaml").write_text("a: [", "utf-8")
    assert shelf.for_address("https://imputation.example.org") is None
    mine.write_text(mine.read_text("utf-8").replace("# addresses:", "addresses:"), "utf-8")
    found = shelf.for_address("https://imputation.example.org/")
    assert found is not None
    assert found.name == "Ours"
