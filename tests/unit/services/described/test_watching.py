"""What a description with a fault is still good for: looks and results, where no safety hangs on it."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from app.domain.job import JobState
from app.domain.problem import ProblemError
from app.domain.resources import resource
from app.services.contract import Connection
from app.services.described import Described
from app.services.described.description import Description, Watched
from app.services.described.reading import Shelf, loaded, read_description, read_watch
from app.services.described.watching import as_far_as_safe

NAMES = ("example-rest", "example-signed", "example-steps")


def example(name: str = "example-rest") -> str:
    return resource("described", f"{name}.yaml").read_text("utf-8")


def changed(*changes: tuple[str, str], name: str = "example-rest") -> str:
    text = example(name)
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return text


def watched(text: str) -> Watched | None:
    return as_far_as_safe(loaded(text, Path("mine.yaml")))


def written(folder: Path, text: str, name: str = "mine") -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize("name", NAMES)
def test_one_that_is_in_order_is_the_same_for_looks(name: str) -> None:
    whole = read_description(resource("described", f"{name}.yaml"))
    found = watched(example(name))
    assert found is not None
    assert found == Watched.model_construct(**{k: getattr(whole, k) for k in Watched.model_fields})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("application: $app}", "application: $nobody}"),
        ("application: $app}", "application: $app, r2: $option.r2}"),
        ("fields: {name: $name, application: $app}", "fields: {application: $app}"),
        ("  files: files ", "  no_files: files "),
        ("call: {post: /jobs}", "call: {post: //evil.example/jobs}"),
        ("min_poll_s: 30", "min_poll_s: -3"),
        ('as_of: "2026-11-26"', "as_of: yesterday"),
        ("source: Haplodesk ", "colour: red "),
        ("    panel_list:", "    panels: []\n    panel_list:"),
    ],
)
def test_faults_of_sending_leave_looks_as_they_are(old: str, new: str) -> None:
    assert watched(changed((old, new))) == watched(example())


@pytest.mark.parametrize(
    ("old", "new", "lost"),
    [
        ("  user: login", "  user: login ==", "account"),
        ("  up: status == 'ok'", "  up: a ==", "health"),
        ('cancel: {post: "/jobs/{id}/cancel"}', "cancel: {post: /cancel}", "cancel"),
        ('cancel: {post: "/jobs/{id}/cancel"}', "cancel: /jobs/{id}/cancel", "cancel"),
        ('call: {get: "/jobs/{id}/log"}', "call: {get: /log}", "logs"),
        ('call: {get: "/jobs/{id}/log"}', 'call: {get: "//evil.example/{id}"}', "logs"),
        ("job_page: /jobs/{id}", "job_page: jobs", "job_page"),
    ],
)
def test_what_a_look_can_do_without_is_left_out(old: str, new: str, lost: str) -> None:
    found, whole = watched(changed((old, new))), watched(example())
    assert found is not None
    assert whole is not None
    empty = () if lost == "logs" else None
    assert found == whole.model_copy(update={lost: empty})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  progress: percent", "  progress: percent ="),
        ("  expires: deleted_on", "  expires: '[@,@]|[@,@]|[@,@]|[@,@]|[@,@]|[@,@]|[@,@]'"),
        ("  queue: position", "  place: position"),
        ("  size: bytes", "  size: [1]"),
    ],
)
def test_small_things_of_a_job_are_left_out(old: str, new: str) -> None:
    found = watched(changed((old, new)))
    assert found is not None
    assert (found.job.id, found.job.state) == ("id", "state")


def test_a_word_that_is_not_understood_is_unknown_and_never_a_success() -> None:
    found = watched(changed(("  done: success", "  done: great")))
    assert found is not None
    assert (found.state("done"), found.state("error")) == (JobState.UNKNOWN, JobState.FAILED)


@pytest.mark.parametrize(
    "changes",
    [
        (("auth:\n", "headers: {Cookie: x}\nauth:\n"),),
        (("auth:\n", "headers: {Authorization: x}\nauth:\n"),),
        (("  kind: bearer", "  kind: oidc"),),
        (("base_path: /api/v1", "base_path: //evil.example"),),
        (("base_path: /api/v1", 'base_path: "https://evil.example"'),),
        (("call: {get: /jobs, query", 'call: {get: "//evil.example/jobs", query'),),
        (('call: {get: "/jobs/{id}"}', "call: {get: /jobs}"),),
        (('call: {get: "/jobs/{id}"}', 'call: {get: "http://evil.example/{id}"}'),),
        (('call: {get: "/jobs/{id}/files"}', "call: {get: /files}"),),
        (
            (
                "  items: jobs[]",
                "  items: '{a:@,b:@}|{a:@,b:@}|{a:@,b:@}|{a:@,b:@}|{a:@,b:@}|{a:@,b:@}|{a:@,b:@}'",
            ),
        ),
        (("  items: jobs[]", "  items: '@[][][][][]'"),),
        (("  state: state", "  state: state =="),),
        (("  id: id\n  name: name\n  state", "  name: name\n  state"),),
        (("pages: {next: next}", "pages: {cursor: next}"),),
        (("schema: 1", "schema: 2"),),
        (("# addresses: [https://imputation.example.org]", "addresses: ['ftp://evil.example']"),),
        (("states:", "states_before:"),),
    ],
)
def test_where_safety_or_the_meaning_hangs_on_it_nothing_is_looked_at(
    changes: tuple[tuple[str, str], ...], tmp_path: Path
) -> None:
    text = changed(*changes)
    assert watched(text) is None
    with pytest.raises(ProblemError):
        read_watch(written(tmp_path, text))


@pytest.mark.parametrize(
    "text",
    [
        "token: abc\n" + example(),
        "a: &a [1]\nb: *a\n" + example(),
        "a: &a {<<: *a}\n" + example(),
        "a: " + "[" * 100 + "]" * 100 + "\n" + example(),
        "!!python/object/apply:os.system [true]\n",
        "? [a, b]\n: c\n" + example(),
        "2026-11-26: c\n" + example(),
        "schema: 1\nschema: 1\n" + example(),
        "\ufeff\x00",
        "- a\n- b\n",
        "",
        "#" * 300_000,
    ],
    ids=[
        "secret",
        "alias",
        "merges itself",
        "deep",
        "tag",
        "list as a key",
        "day as a key",
        "twice",
        "zero",
        "list",
        "empty",
        "long",
    ],
)
def test_what_is_no_description_at_all_is_not_looked_into(text: str, tmp_path: Path) -> None:
    path = written(tmp_path, text)
    for read in (read_watch, read_description):
        with pytest.raises(ProblemError):
            read(path)


def test_the_laughs_of_a_billion_entities_end_at_once(tmp_path: Path) -> None:
    levels = [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 10)]
    with pytest.raises(ProblemError, match="aliases"):
        read_watch(written(tmp_path, "l0: &l0 [ha]\n" + "\n".join(levels)))


def test_a_spoilt_description_gives_a_watch_or_a_problem(tmp_path: Path) -> None:
    """And what it gives is as strict in its parts as a whole one."""
    draw, found = random.Random(11), 0
    for number in range(12):
        lines = example(NAMES[number % 3]).splitlines()
        for _ in range(draw.randrange(1, 4)):
            at = draw.randrange(len(lines))
            lines[at] = draw.choice(["", lines[draw.randrange(len(lines))], lines[at][:-2], "  x: 1"])
        path = written(tmp_path, "\n".join(lines), f"d{number}")
        try:
            watch = read_watch(path)
        except ProblemError:
            continue
        found += 1
        assert (watch.fault is None) == isinstance(watch.description, Description)
        assert not set(watch.description.vague_calls()), watch.description.vague_calls()
    assert found


def test_a_service_that_was_added_by_its_address_alone_is_found_again(tmp_path: Path) -> None:
    address = "https://imputation.example.org"
    named = ("# addresses:", "addresses:")
    faulty = written(tmp_path, changed(named, ("application: $app}", "a: $b}")), "a")
    shelf = Shelf(tmp_path)
    assert shelf.for_address(address) is None
    assert shelf.place_for(address) == faulty
    whole = written(tmp_path, changed(named), "b")
    assert shelf.place_for(address) == whole
    shutil.move(whole, tmp_path / "c.txt")
    family = Described(tmp_path)
    mending = family.to_mend(Connection(service_id="s", base_url=address))
    assert mending is not None
    assert mending.watched
    assert "$b" in mending.what


def test_a_faulty_one_is_found_by_its_id_and_the_fault_is_told(tmp_path: Path) -> None:
    written(tmp_path, changed(("id: example-rest ", "id: ours "), ("application: $app}", "a: $b}")), "file")
    with pytest.raises(ProblemError, match=r"\$b"):
        Shelf(tmp_path).named("ours")
