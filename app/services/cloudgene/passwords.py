"""The password that a server made and tells in the last message of a job.

Source: cloudgene.md 3.4; the sentence is "All results are encrypted with password <b>…</b>". Such a
password may hold `<` and `>`, so it is looked for before the tags are taken away.
"""

from __future__ import annotations

import re

from app.domain.redaction import HIDDEN

WHERE_THE_PASSWORD_IS = "The service shows the password on its page."
_BEFORE = r"\bpassword\b[^.!?,\n:=<]{0,60}(?:[:=]\s{0,4})?"
_MARKED = re.compile(
    rf"({_BEFORE})<(b|strong|em|i|u|code|kbd|tt|pre|span)\b[^<>\n]{{0,200}}>([^\n]{{1,200}}?)</\2\s?>",
    re.IGNORECASE,
)
_BARE = re.compile(
    r"""(\bpassword\b(?:[^.!?,\n:=<]{0,60}[:=]\s{0,4}|\s{1,4}is\s{1,4}|\s{1,4})["'“]?)([^\s<]{5,200})""",
    re.IGNORECASE,
)
_TO_SOMEBODY = re.compile(r"\b(to|at|by|from)[\s:]*$", re.IGNORECASE)


def without_password(message: str) -> tuple[str, bool]:
    """The message with the password hidden, and whether there was one."""
    found: list[bool] = []

    def marked(match: re.Match[str]) -> str:
        if _TO_SOMEBODY.search(match[1]):
            return match[0]
        found.append(True)
        return match[1] + HIDDEN

    def bare(match: re.Match[str]) -> str:
        if _TO_SOMEBODY.search(match[1]) or not _is_made(match[2]):
            return match[0]
        found.append(True)
        return match[1] + HIDDEN

    told = _BARE.sub(bare, _MARKED.sub(marked, message))
    return told, bool(found)


def _is_made(word: str) -> bool:
    """Whether this is no word of a sentence: digits, signs or capitals within."""
    core = word.rstrip(".,;:!?)\"'”")
    ordinary = core.isalpha() and core[1:] == core[1:].lower()
    return not ordinary and not word.startswith(HIDDEN)
