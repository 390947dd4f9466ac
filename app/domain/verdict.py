"""What a service would say of a dataset, predicted on this computer."""

from __future__ import annotations

from enum import StrEnum

from app.domain.model import Model
from app.domain.path_text import ShownText


class Outcome(StrEnum):
    """The prediction. `PARTLY`: what could be judged is in order, and something could not be judged."""

    ACCEPTS = "accepts"
    PARTLY = "partly"
    REFUSES = "refuses"
    UNKNOWN = "unknown"


class VerdictReason(Model):
    """One reason: `here` is what the files hold, `allowed` what the service allows.

    `code` is stable (`strand_flips`, `too_few_samples` …). `repairable` says how many of `here` a repair
    would mend, None when it is no matter of counting; `fix` names that repair (see `RepairCode`).
    """

    code: str
    text: str
    stops: bool = True
    here: int | None = None
    allowed: int | None = None
    repairable: int | None = None
    fix: str | None = None


class LostChunk(Model):
    """A chunk that the service would leave out; `people` are samples with too many missing calls there."""

    chromosome: str
    start: int
    end: int
    reason: str
    variants: int = 0
    overlap: float | None = None
    people: tuple[str, ...] = ()


class Verdict(Model):
    """The answer for one service and panel.

    `headline` is one sentence with what decides (“Michigan would refuse this: 212 strand flips, 100
    allowed.”), `remedy` what can be done (“Haplodesk can repair 211.”). `server_says` are the words of
    the server itself.
    `counters` are the figures of its report by their names in the program of the server. `not_judged` names
    what could not be told and why (“No site list of this panel is on this computer …”). `state_build_first`:
    the build of the files is not certain, and until it is stated no repair changes alleles.
    Of files of several groups of people `groups` has the verdict on each, which `group` names; the verdict
    itself sums them up, each of them a job of its own.
    """

    group: ShownText = ""
    groups: tuple[Verdict, ...] = ()
    state_build_first: bool = False

    service_id: str
    service: str
    panel_id: str | None = None
    panel: str = ""
    population: str = ""
    outcome: Outcome
    headline: str
    remedy: str = ""
    server_says: str = ""
    reasons: tuple[VerdictReason, ...] = ()
    counters: dict[str, int | float | None] = {}
    warnings: tuple[str, ...] = ()
    chunks: int | None = None
    chunks_left: int | None = None
    lost_chunks: tuple[LostChunk, ...] = ()
    excluded: int = 0
    lifted: str = ""
    not_judged: tuple[str, ...] = ()
    rules: str = ""
