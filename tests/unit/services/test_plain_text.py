"""HTML of servers as plain lines."""

import re
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.services.plain_text import links, plain_block, plain_line, plain_lines


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", ()),
        ("<b>Warning:</b> 2 Chunk(s) excluded: < 3 SNPs", ("Warning: 2 Chunk(s) excluded: < 3 SNPs",)),
        ("a<br>b<BR/>c<br />d\n\n e ", ("a", "b", "c", "d", "e")),
        (
            "Alternative allele frequency > 0.5 sites: 2,296",
            ("Alternative allele frequency > 0.5 sites: 2,296",),
        ),
        ("SNPs call rate <90%", ("SNPs call rate <90%",)),
        ("&lt;3&nbsp;&amp; more", ("<3 & more",)),
        ('<div class="progress"><div style="width: 25.0%"></div></div>', ()),
        ("<script>alert('x')</script>ok<style>p{}</style>", ("ok",)),
        ("<!-- hidden -->shown<!-- never closed", ("shown",)),
        ("\x1b[31mfailed\x1b[0m", ("failed",)),
        (
            "\x1b]0;owned\x07hi \x1b]8;;http://evil\x1b\\click\x1b]8;;\x1b\\ \x08\x08 \x9b31m!",
            ("hi click !",),
        ),
        ("never ended \x1b]0;owned", ("never ended ]0;owned",)),
        ("&#27;[31mred&#8;&#x202e;", ("[31mred",)),
        ("half \ud83d of a smile", ("half \ufffd of a smile",)),
        ("a < b &lt;img src='x'&gt;", ("a < b <img src='x'>",)),
        (
            "<html><head><title>502</title></head><body><h1>Bad Gateway</h1>nginx</body>",
            ("Bad Gateway", "nginx"),
        ),
    ],
)
def test_lines(text: str, lines: tuple[str, ...]) -> None:
    assert plain_lines(text) == lines


@given(st.text(alphabet=st.sampled_from("<>/ab&;!-\"'= \n\x1b[m1]\x07\x9b\x1c\ud800"), max_size=200))
@example("<![foo")
@example("<" * 200)
def test_any_text_becomes_clean_lines(text: str) -> None:
    lines = plain_lines(text)
    assert all(line == line.strip() and line for line in lines)
    assert "&" in text or not re.search(r"</?[a-z][a-z0-9]*>", "\n".join(lines)) or "<" in text[1:]
    assert plain_block(text).splitlines() == [*lines]
    assert all(line.replace("\ufffd", "").isprintable() for line in lines)


@given(st.lists(st.text(alphabet="abc XYZ019.,%", min_size=1), max_size=6))
def test_tags_vanish_and_text_stays(words: list[str]) -> None:
    html = "<br>".join(f'<b class="x">{word}</b>' for word in words)
    kept = tuple(re.sub(" +", " ", word).strip() for word in words if word.strip())
    assert plain_lines(html) == kept


def test_one_line_is_cut() -> None:
    assert plain_line("<p>one</p><p>two</p>") == "one two"
    assert len(plain_line("x" * 1000)) == 300


@pytest.mark.parametrize(
    "piece", ["<!--", "<script>", "<a href='", "<", "&", "<b ", "\x1b[", "\x1b]", "\x1b[1", "\x9b"]
)
def test_hostile_text_takes_no_time(piece: str) -> None:
    started = time.thread_time()
    plain_lines(piece * 100_000)
    links(piece * 100_000)
    assert time.thread_time() - started < 2


def test_links() -> None:
    text = """<a href="https://a.example/x?y=1&amp;z=2">a</a> <a class=q href='http://b.example'>b</a>
    <a href="javascript:alert(1)">c</a> <a href="https://a.example/x?y=1&amp;z=2">again</a>"""
    assert links(text) == ("https://a.example/x?y=1&z=2", "http://b.example")
