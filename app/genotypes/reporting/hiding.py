"""What a report may not tell of single people: names, and how many when they are fewer than five."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

FEW = 5
HIDDEN = "< 5"
NOT_SHOWN = "not shown"
Count = int | str

_SITE_AREAS = frozenset(
    ("allele", "build", "chromosome", "container", "content", "frequency", "header", "index", "line")
    + ("id", "match", "order", "panel", "position", "site", "strand", "variant")
)
_ORDINARY = frozenset(
    ("a", "an", "and", "are", "as", "at", "be", "been", "by", "can", "do", "for", "from", "has")
    + ("have", "if", "in", "into", "is", "it", "its", "mt", "no", "not", "of", "on", "one", "or")
    + ("so", "than", "that", "the", "they", "this", "to", "two", "up", "was", "were", "with", "x", "xy")
    + ("y", "c", "g", "t", "n", "id")
)
"""Words, alleles and chromosomes of sentences that are not about people; as names they would tell little."""
_WORD = re.compile(r"\w+")
_SHOWN = "[sample]"


class Hiding:
    """Hides counts of people and names, or nothing when names are wanted."""

    def __init__(self, names_wanted: bool, names: Iterable[str]) -> None:
        self.off = names_wanted
        known = set() if names_wanted else set(names)
        self._names = _Names(known)
        self._words = _Names(n for n in known if not n.isdigit() and n.casefold() not in _ORDINARY)

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
        """A sentence without names; names of digits only stay, as they are like any other number, and names
        that are like any other word or allele."""
        return words if self.off else self._words.without(words)

    def text_of_people(self, words: str) -> str:
        """A sentence about people without names of any kind; nothing when the names are not known."""
        if self.off:
            return words
        return self._names.without(words) if self._names else ""


class _Names:
    """Finds names as whole words in a text, the longest first where several begin at one letter.

    By one look-up a word of the text: cohorts have tens of thousands of names. A name is listed under the
    longest of its words, with the place of that word in it.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._listed: dict[str, list[tuple[int, str]]] = {}
        signs = []
        for name in names:
            word = max(_WORD.finditer(name), key=lambda found: len(found[0]), default=None)
            if word is not None:
                self._listed.setdefault(word[0], []).append((word.start(), name))
            elif name:
                signs.append(name)
        self._signs = frozenset(signs)

    def __bool__(self) -> bool:
        return bool(self._listed or self._signs)

    def without(self, text: str) -> str:
        """The text with `[sample]` for each name."""
        parts, at = [], 0
        for start, length in sorted(self._found(text)):
            if start >= at:
                parts += [text[at:start], _SHOWN]
                at = start - length
        return "".join(parts) + text[at:]

    def _found(self, text: str) -> Iterator[tuple[int, int]]:
        """Where names begin, and their lengths as negative numbers."""
        for word in _WORD.finditer(text):
            for before, name in self._listed.get(word[0], ()):
                start = word.start() - before
                if start >= 0 and text.startswith(name, start) and _whole(text, start, start + len(name)):
                    yield start, -len(name)
        for name in self._signs:
            for found in re.finditer(re.escape(name), text):
                if _whole(text, found.start(), found.end()):
                    yield found.start(), -len(name)


def _whole(text: str, start: int, end: int) -> bool:
    before, after = text[start - 1 : start] if start else "", text[end : end + 1]
    return not _WORD.match(before) and not _WORD.match(after)
