"""What is remembered of made files gets shorter, and tells the same."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.made_files import MadeEntry, add_sources, tidied, with_made

SENT = [{"path": "/data/cohort.vcf.gz", "print": "vcf:cohort"}]


def file(path: str, told: str) -> dict[str, str]:
    return {"path": path, "print": told}


def found(entries: list[MadeEntry], path: str = "", told: str = "") -> tuple[set[str], set[str]]:
    """What a file was made of, by its path or its content."""
    paths, prints = ({path} if path else set()), ({told} if told else set())
    add_sources(paths, prints, entries)
    return paths, prints


def test_the_same_output_again_takes_no_more_room() -> None:
    once = with_made([], [file("/out/a.bgen", "a")], SENT)
    again = once
    for _ in range(50):
        again = with_made(again, [file("/out/a.bgen", "a")], SENT)
    assert again == once


def test_a_thousand_exports_grow_by_their_files_alone() -> None:
    entries: list[MadeEntry] = []
    for number in range(1000):
        entries = with_made(entries, [file(f"/out/{number}/a.bgen", "a" * 70)], SENT * 22)
    assert len(entries) == 1
    assert len(json.dumps(entries)) < 1000 * 150
    gone = {f"/out/{number}/a.bgen" for number in range(999)}
    short = tidied(entries, gone)
    assert len(json.dumps(short)) < 5000
    for path, told in (("/out/999/a.bgen", ""), ("/elsewhere", "a" * 70)):
        assert "vcf:cohort" in found(short, path, told)[1]


def test_what_is_replaced_is_known_by_its_content() -> None:
    entries = with_made([], [file("/out/a.bgen", "first")], SENT)
    entries = with_made(entries, [file("/out/a.bgen", "second")], [file("/other.vcf", "vcf:other")])
    assert "vcf:cohort" in found(entries, told="first")[1]
    assert found(entries, "/out/a.bgen")[1] == {"vcf:other"}


def test_a_place_of_which_something_was_made_stays() -> None:
    """The middle one was away when the last was made, so only its place is known of it."""
    entries = with_made([], [file("/mid", "mid")], SENT)
    entries = with_made(entries, [file("/last", "last")], [file("/mid", "")])
    short = tidied(entries, {"/mid", "/last"})
    assert "vcf:cohort" in found(short, told="last")[1]


FILES = st.builds(file, st.sampled_from(["", "/1", "/2", "/3"]), st.sampled_from(["", "x", "y", "z"]))
MADE = st.lists(st.tuples(st.lists(FILES, min_size=1, max_size=3), st.lists(FILES, min_size=1, max_size=3)))


@settings(max_examples=200, deadline=None)
@given(MADE, st.sets(st.sampled_from(["/1", "/2", "/3"])))
def test_tidying_forgets_nothing(made: list[tuple[list[dict[str, str]], ...]], gone: set[str]) -> None:
    """Whatever lies at a place that is not gone, or has a known content, was made of the same as before."""
    entries: list[MadeEntry] = []
    for files, of in made:
        entries = with_made(entries, files, of)
    short = tidied(entries, gone)
    assert len(json.dumps(short)) <= len(json.dumps(entries))
    for path in {"", "/1", "/2", "/3"} - gone:
        for told in ("", "x", "y", "z"):
            assert found(short, path, told) == found(entries, path, told)
