"""What a report may not tell of single people: names, and how many when they are fewer than five."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

FEW = 5
HIDDEN = "< 5"
NOT_SHOWN = "not shown"
Count = int | str

_SITE_AREAS = frozenset(
    ("allele", "build", "chromosome", "container", "content", "frequency", "header", "index", "line")
    + ("id", "match", "order", "panel", "position", "site", "strand", "variant")
)
_SHORTEST = 3


class Hiding:
    """Hides counts of people and names, or nothing when names are wanted."""

    def __init__(self, names_wanted: bool, names: Iterable[str]) -> None:
        self.off = names_wanted
        known = sorted({n for n in names if len(n) >= _SHORTEST}, key=len, reverse=True)
        self._names = _pattern(known)
        self._words = _pattern([n for n in known if not n.isdigit()])

    def people(self, count: int) -> Count:
        """A number of people."""
        return count if self.off or count == 0 or count >= FEW else HIDDEN

    def parts(self, counts: Mapping[str, int]) -> dict[str, Count]:
        """Parts of one whole that is known: a single hidden part could be worked out, so two are hidden."""
        shown = {name: self.people(count) for name, count in counts.items()}
        hidden = [name for name, count in shown.items() if count == HIDDEN]
        rest = [name for name, count in shown.items() if isinstance(count, int) and count]
        if len(hidden) == 1 and rest:
            shown[min(rest, key=lambda name: counts[name])] = NOT_SHOWN
        return shown

    def is_of_people(self, code: str) -> bool:
        """Whether a finding is about people: all that is not known to be about files and sites."""
        return code.partition(".")[0] not in _SITE_AREAS

    def text(self, words: str) -> str:
        """A sentence without names; names of digits only stay, as they are like any other number."""
        return words if self.off or self._words is None else self._words.sub("[sample]", words)

    def text_of_people(self, words: str) -> str:
        """A sentence about people without names of any kind; nothing when the names are not known."""
        if self.off:
            return words
        return "" if self._names is None else self._names.sub("[sample]", words)


def _pattern(names: list[str]) -> re.Pattern[str] | None:
    if not names:
        return None
    return re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, names)) + r")(?!\w)")
