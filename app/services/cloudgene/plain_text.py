"""HTML of servers made into plain text. Works in one pass, so that hostile text cannot stall it."""

from __future__ import annotations

import html
import re

LONGEST_TEXT = 200_000
_TAG = re.compile(
    r"<!--.*?(?:-->|\Z)|<(/?)([a-zA-Z][a-zA-Z0-9]*)(?:\s[^<>]*|/)?>|<![a-zA-Z][^<>]*>", re.DOTALL
)
_BREAKING = frozenset(
    {"br", "p", "div", "li", "ul", "ol", "tr", "table", "h1", "h2", "h3", "h4", "pre", "hr"}
)
_LINE_END = re.compile(r"[\r\n\v\f\x85\u2028\u2029]+")
_HIDDEN = frozenset({"script", "style", "head", "title"})
_TERMINAL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_LINK = re.compile(r"""<a\s[^<>]*?href\s*=\s*(?:"([^"<>]*)"|'([^'<>]*)')""", re.IGNORECASE)


def plain_lines(text: str) -> tuple[str, ...]:
    """The lines of a text without tags, entities, terminal colours and blank lines."""
    bare = html.unescape(_without_tags(_TERMINAL.sub("", text[:LONGEST_TEXT])))
    lines = (
        re.sub(r"[ \t\xa0]+", " ", line).strip() for line in re.split(r"[\r\n\v\f\x85\u2028\u2029]+", bare)
    )
    return tuple(line for line in lines if line)


def plain_line(text: str, longest: int = 300) -> str:
    """The same in one line, cut at so many characters."""
    line = " ".join(plain_lines(text))
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def plain_block(text: str) -> str:
    """The same with its line breaks."""
    return "\n".join(plain_lines(text))


def links(text: str) -> tuple[str, ...]:
    """Where the links of a text lead; only web addresses."""
    found = (html.unescape(match[1] or match[2] or "") for match in _LINK.finditer(text[:LONGEST_TEXT]))
    return tuple(dict.fromkeys(each for each in found if each.startswith(("https://", "http://"))))


def _without_tags(text: str) -> str:
    kept: list[str] = []
    at, hidden = 0, ""
    for match in _TAG.finditer(text):
        name = (match[2] or "").lower()
        if not hidden:
            kept.append(text[at : match.start()])
            kept.append("\n" if name in _BREAKING else "")
            hidden = name if name in _HIDDEN and not match[1] else ""
        elif name == hidden and match[1]:
            hidden = ""
        at = match.end()
    if not hidden:
        kept.append(text[at:])
    return "".join(kept)
