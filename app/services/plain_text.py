"""HTML of servers made into plain text. Works in one pass, so that hostile text cannot stall it."""

from __future__ import annotations

import html
import re

from app.domain.redaction import redact

LONGEST_TEXT = 200_000
_TAG = re.compile(
    r"<!--.*?(?:-->|\Z)|<(/?)([a-zA-Z][a-zA-Z0-9]*)(?:\s[^<>]*|/)?>|<![a-zA-Z][^<>]*>", re.DOTALL
)
_BREAKING = frozenset(
    {"br", "p", "div", "li", "ul", "ol", "tr", "table", "h1", "h2", "h3", "h4", "pre", "hr"}
)
_LINE_END = re.compile(r"[\r\n\v\f\x85\u2028\u2029]+")
_HIDDEN = frozenset({"script", "style", "head", "title"})
_TERMINAL = re.compile(
    r"\x1b\][^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)"  # names of windows, links
    r"|(?:\x1b\[|\x9b)[0-9;:<=>?]*[ -/]*[@-~]"  # colours, movements
)
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069]")
_HALVES = re.compile("[\ud800-\udfff]")
_LINK = re.compile(r"""<a\s[^<>]*?href\s*=\s*(?:"([^"<>]*)"|'([^'<>]*)')""", re.IGNORECASE)


def without_controls(text: str) -> str:
    """A text without what makes a terminal or a window act; ends of lines and tabs stay.

    Halves of characters, which JSON can hold and nothing else can, become a question mark.
    """
    if text.isprintable():
        return text
    return _HALVES.sub("\ufffd", _CONTROLS.sub("", _TERMINAL.sub("", text)))


def plain_name(text: str) -> str:
    """A name in one line, for a file or a job."""
    return re.sub(r"[\t\r\n\v\f\x85\u2028\u2029]+", "", without_controls(text))


def plain_lines(text: str) -> tuple[str, ...]:
    """The lines of a text without tags, entities, control characters and blank lines.

    What looks like a tag only after its entities were read is text, and has to be shown as text.
    """
    bare = without_controls(html.unescape(_without_tags(without_controls(text[:LONGEST_TEXT]))))
    lines = (re.sub(r"[ \t\xa0]+", " ", line).strip() for line in _LINE_END.split(bare))
    return tuple(line for line in lines if line)


def plain_line(text: str, longest: int = 300) -> str:
    """The same in one line, cut at so many characters."""
    return _cut(" ".join(plain_lines(text)), longest)


def plain_block(text: str) -> str:
    """The same with its line breaks."""
    return "\n".join(plain_lines(text))


def safe_line(text: str, longest: int = 300) -> str:
    """What a server says, in one line without secrets: for problems and events, which are kept."""
    return _cut(redact(" ".join(plain_lines(text))), longest)


def safe_block(text: str, longest: int = LONGEST_TEXT) -> str:
    """The same with its line breaks."""
    return _cut(redact(plain_block(text)), longest)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


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
