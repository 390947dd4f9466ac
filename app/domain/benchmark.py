"""A masked-truth benchmark: one masked cohort sent to several panels, each scored at the hidden sites."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum

from app.domain.accuracy import AncestrySource, TruthScore
from app.domain.model import Model
from app.domain.path_text import PathText, ShownText

AUTOSOMES = tuple(map(str, range(1, 23)))
USUAL = ("20", "22")
"""Small chromosomes that are large enough: what is sent stays small."""
MOST_SHARE = 0.5
"""Of the typed sites: hiding more would change what is measured."""
LARGE_ERROR = 0.02
"""A standard error above this cannot tell panels apart that differ by as much as they commonly do."""
WANTED_ERROR = 0.01


def usual_chromosomes(there: Collection[str]) -> tuple[str, ...]:
    """Those of USUAL that are there, else all autosomes that are."""
    autosomes = tuple(each for each in AUTOSOMES if each in there)
    return tuple(each for each in autosomes if each in USUAL) or autosomes


class HiddenBin(Model):
    """Typed sites of a range of frequency that could be hidden, and those that were."""

    maf_from: float
    maf_to: float
    typed: int
    hidden: int


class HiddenSites(Model):
    """What was hidden, so that it can be done again: the same seed and files give the same sites.

    `sha256` are of the files of the dataset, in order; `sites_sha256` of the list `sites_file`; `truth_files`
    hold the hidden genotypes and stay on this computer. `people_file` is a table of the groups of people,
    empty when nothing is known of them; `ancestry` says where it comes from. `build` is that of the sites,
    empty when it is not known.
    """

    seed: int
    share: float
    chromosomes: tuple[str, ...]
    people: int
    typed: int
    hidden: int
    by_maf: tuple[HiddenBin, ...]
    sha256: tuple[str, ...] = ()
    sites_sha256: str = ""
    sites_file: PathText = ""
    truth_files: tuple[PathText, ...] = ()
    people_file: PathText = ""
    build: str = ""
    ancestry: AncestrySource = AncestrySource.NONE


class EntryState(StrEnum):
    """How far one service and panel of a benchmark is."""

    READY = "ready"
    RUNNING = "running"
    ARRIVED = "arrived"
    SCORED = "scored"
    FAILED = "failed"


class Standing(Model):
    """Where an entry stands among those that were scored.

    `r2` is the mean of r2 over the ranges of frequency that were used, with its standard error `r2_error`:
    that at the hidden sites, carried over to the untyped sites that the result has. `present` is the share
    that it has of the untyped sites of the most accurate results. `score`, with `error`, is what is ranked:
    the mean of r2 times that share, so that a site that is lacking counts as 0. `place` counts from 1;
    `not_apart` are the places of those whose difference could be chance (95 %).
    """

    score: float
    error: float | None
    r2: float
    r2_error: float | None
    present: float
    place: int
    not_apart: tuple[int, ...] = ()


class BenchmarkEntry(Model):
    """One service and panel. `job_id` is that of the newest job; `problem` is a sentence.

    `unreadable`: its result is here and could not be scored; that is not tried again by itself.
    """

    key: str
    service_id: str
    service_name: ShownText
    app_id: str
    panel_id: str
    panel_name: ShownText
    panel_build: str = ""
    state: EntryState = EntryState.READY
    job_id: str | None = None
    job_state: str = ""
    problem: str = ""
    unreadable: bool = False
    seconds: float | None = None
    score: TruthScore | None = None
    standing: Standing | None = None


class GroupStanding(Model):
    """A panel and a group of people: the mean of r2 at the hidden `sites` of the ranges that were used."""

    group: ShownText
    people: int
    panel_name: ShownText
    service_name: ShownText
    r2: float | None
    sites: int


class Benchmark(Model):
    """All of it. `masked_id` is the dataset that was sent, `used` are the ranges of frequency of the scores.

    `warnings` are sentences about what the figures cannot tell. `full_job_id` is the newest job that sends
    the whole dataset to a panel of it and did not fail; it is found when a benchmark is read.
    """

    id: str
    name: ShownText
    dataset_id: str
    masked_id: str
    created: datetime
    hidden: HiddenSites
    entries: tuple[BenchmarkEntry, ...]
    used: tuple[tuple[float, float], ...] = ()
    warnings: tuple[str, ...] = ()
    full_job_id: str | None = None

    def entry(self, key: str) -> BenchmarkEntry | None:
        """The entry of a key."""
        return next((each for each in self.entries if each.key == key), None)

    @property
    def whole_group(self) -> str:
        """The group of jobs that send the whole dataset."""
        return f"{self.id}/whole"

    @property
    def ranking(self) -> tuple[BenchmarkEntry, ...]:
        """The scored entries, best first."""
        scored = [(each.standing.place, each) for each in self.entries if each.standing is not None]
        return tuple(each for _, each in sorted(scored, key=lambda pair: pair[0]))

    @property
    def winner(self) -> BenchmarkEntry | None:
        """The best entry so far."""
        return next(iter(self.ranking), None)

    @property
    def done(self) -> bool:
        """Whether no entry is under way any more."""
        over = (EntryState.SCORED, EntryState.FAILED)
        return all(each.state in over for each in self.entries)

    @property
    def settled(self) -> bool:
        """Whether all are scored and ranked: of one that failed the job may be sent or fetched again."""
        return all(each.state is EntryState.SCORED and each.standing is not None for each in self.entries)

    def by_group(self) -> tuple[GroupStanding, ...]:
        """What the scored panels are for each group of people, best first in each; groups by their names."""
        told = [
            GroupStanding(
                group=group.label,
                people=group.people,
                panel_name=each.panel_name,
                service_name=each.service_name,
                r2=group.mean_r2(self.used),
                sites=sum(one.sites for one in group.by_maf if (one.maf_from, one.maf_to) in self.used),
            )
            for each in self.ranking
            if each.score is not None
            for group in each.score.by_ancestry
        ]
        return tuple(sorted(told, key=lambda one: (one.group, -(one.r2 or 0.0))))

    def states(self) -> str:
        """How it stands in words: “2 scored, 1 failed”."""
        counted = {state: sum(each.state is state for each in self.entries) for state in _ORDER}
        return ", ".join(f"{many} {state}" for state, many in counted.items() if many)


_ORDER = (EntryState.SCORED, EntryState.ARRIVED, EntryState.RUNNING, EntryState.READY, EntryState.FAILED)
