"""What an operation touched, so that views know what to read again."""

from __future__ import annotations

from enum import StrEnum

from app.domain.model import Model


class Noun(StrEnum):
    """The nouns that views show."""

    SERVICE = "service"
    PANEL = "panel"
    DATASET = "dataset"
    JOB = "job"
    RESULT = "result"
    TASK = "task"
    EVENT = "event"
    SETTING = "setting"
    NOTICE = "notice"
    PANEL_SITES = "panel sites"
    CHAIN = "chain"
    BENCHMARK = "benchmark"


class Changes(Model):
    """A set of (noun, id) pairs; `|` joins two sets."""

    touched: frozenset[tuple[Noun, str]] = frozenset()

    @classmethod
    def of(cls, noun: Noun, *ids: str) -> Changes:
        """The given ids of one noun."""
        return cls(touched=frozenset((noun, each) for each in ids))

    def ids(self, noun: Noun) -> tuple[str, ...]:
        """The touched ids of a noun, sorted."""
        return tuple(sorted(each for kind, each in self.touched if kind == noun))

    def nouns(self) -> frozenset[Noun]:
        """Which nouns were touched."""
        return frozenset(kind for kind, _ in self.touched)

    def __or__(self, other: Changes) -> Changes:
        return Changes(touched=self.touched | other.touched)

    def __bool__(self) -> bool:
        return bool(self.touched)
