"""The state of jobs that were sent together, said without gloss: each is counted by what is known of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from app.domain.job import OPEN_STATES, Job, JobState
from app.domain.model import Model

WORDS: dict[JobState, str] = {
    JobState.SUCCESS: "done",
    JobState.FAILED: "failed",
    JobState.CANCELLED: "cancelled",
    JobState.EXPIRED: "expired",
    JobState.DELETED: "deleted",
    JobState.EXPORTING: "running",
    JobState.RUNNING: "running",
    JobState.QUEUED: "queued",
    JobState.SUBMITTED: "sent",
    JobState.UPLOADING: "being sent",
    JobState.PREPARING: "being prepared",
    JobState.WAITING: "waiting",
    JobState.UNKNOWN: "unknown",
}
"""What each state is called in a group, in the order in which they are said."""


class GroupState(Model):
    """How many jobs of a group are what, in the order of `WORDS`; `still_open` are those not ended."""

    counts: tuple[tuple[str, int], ...] = ()
    jobs: int = 0
    still_open: int = 0

    def count(self, word: str) -> int:
        """How many jobs are that."""
        return dict(self.counts).get(word, 0)

    @property
    def is_over(self) -> bool:
        """Whether no job is open any more; one of unknown state is open."""
        return self.jobs > 0 and self.still_open == 0

    @property
    def is_done(self) -> bool:
        """Whether every job succeeded."""
        return self.is_over and self.count("done") == self.jobs

    def words(self) -> str:
        """Such as `2 done, 1 failed, 1 running`; empty without jobs."""
        return ", ".join(f"{number} {word}" for word, number in self.counts)


def group_state(jobs: Sequence[Job]) -> GroupState:
    """The state of a group. One sent again counts as the one that took its place, if that is here."""
    return state_of(Counter(job.state for job in standing(jobs)))


def state_of(states: Mapping[JobState, int]) -> GroupState:
    """The state of a group of which so many jobs that count are in these states."""
    found: Counter[str] = Counter()
    for state, number in states.items():
        found[WORDS[state]] += number
    words = dict.fromkeys(WORDS.values())
    return GroupState(
        counts=tuple((word, found[word]) for word in words if found[word]),
        jobs=sum(states.values()),
        still_open=sum(number for state, number in states.items() if state in OPEN_STATES),
    )


def standing(jobs: Sequence[Job]) -> tuple[Job, ...]:
    """The jobs that count: all but those whose successor is among them."""
    here = {job.id for job in jobs}
    return tuple(job for job in jobs if job.sent_again_as not in here)
