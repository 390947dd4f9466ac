"""The books of a result: every site and sample from the upload to the last file, and where each loss was."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from app.domain.model import Model
from app.domain.path_text import ShownText


class Stage(StrEnum):
    """The stations of a site. Typed sites go sent → accepted → typed; records imputed → downloaded →
    converted."""

    SENT = "sent"
    ACCEPTED = "accepted"
    TYPED = "typed"
    IMPUTED = "imputed"
    DOWNLOADED = "downloaded"
    CONVERTED = "converted"


STEPS = (
    (Stage.SENT, Stage.ACCEPTED),
    (Stage.ACCEPTED, Stage.TYPED),
    (Stage.IMPUTED, Stage.DOWNLOADED),
    (Stage.DOWNLOADED, Stage.CONVERTED),
)
"""From which station to which something can get lost."""


class Loss(Model):
    """Sites that did not reach `stage`, and why; every one is to be shown as a loss.

    `count` is negative where more arrived than left. `explained` False: no file of the server says why.
    `source` names the file or the fact that tells the reason. `examples` are a few sites.
    """

    stage: Stage
    reason: str
    count: int
    explained: bool = True
    source: str = ""
    examples: tuple[str, ...] = ()


class LedgerRow(Model):
    """A chromosome, or a chunk of one (`start` and `end`, 1-based, both within).

    `sent` are sites of the upload, `accepted` those that passed the server's quality control, `typed` the
    typed sites of the result (of them `typed_only` not in the panel), `imputed` the records that the server
    tells of, `downloaded` those in the files here, `converted` those of the last conversion. None: not known.
    """

    chromosome: str
    start: int | None = None
    end: int | None = None
    sent: int | None = None
    accepted: int | None = None
    typed: int | None = None
    typed_only: int | None = None
    imputed: int | None = None
    downloaded: int | None = None
    converted: int | None = None
    left_out: str = ""
    losses: tuple[Loss, ...] = ()

    def at(self, stage: Stage) -> int | None:
        """The count at a station."""
        value: int | None = getattr(self, stage.value)
        return value

    def lost_before(self, stage: Stage) -> int:
        """How many did not reach a station."""
        return sum(each.count for each in self.losses if each.stage is stage)

    @property
    def adds_up(self) -> bool:
        """Whether the losses account for every difference between two stations that are known."""
        return all(
            before - self.lost_before(after) == here
            for start, after in STEPS
            if (before := self.at(start)) is not None and (here := self.at(after)) is not None
        )


class SampleBook(Model):
    """Samples that were sent and that came back; `order_kept` None where what was sent is not known.

    `renamed` samples got their own names back; `kept_names` could not, as a VCF would not bear their own.
    """

    sent: int | None = None
    found: int = 0
    missing: int = 0
    foreign: int = 0
    order_kept: bool | None = None
    renamed: int = 0
    kept_names: int = 0


class FileBook(Model):
    """A file of the result as it was proved: records, BGZF end marker, order, index."""

    path: ShownText
    kind: str
    records: int = 0
    samples: int = 0
    end_marker: bool | None = None
    sorted: bool = True
    index: str = ""
    notes: tuple[str, ...] = ()


class Remark(Model):
    """A sentence about the result; a red one says that something is lost or does not fit."""

    text: ShownText
    red: bool = True


class ResultLedger(Model):
    """The books of one result. `unknown` says in sentences what cannot be told and why."""

    result_id: str = ""
    made: datetime
    generation: str = ""
    chunk_size: int = 20_000_000
    samples: SampleBook = SampleBook()
    chromosomes: tuple[LedgerRow, ...] = ()
    chunks: tuple[LedgerRow, ...] = ()
    files: tuple[FileBook, ...] = ()
    remarks: tuple[Remark, ...] = ()
    unknown: tuple[str, ...] = ()
    counters: dict[str, int] = {}

    @property
    def adds_up(self) -> bool:
        """Whether every row accounts for every site."""
        return all(each.adds_up for each in (*self.chromosomes, *self.chunks))

    @property
    def unexplained(self) -> int:
        """Sites that got lost without a reason told by anybody."""
        losses = (loss for row in self.chromosomes for loss in row.losses)
        return sum(loss.count for loss in losses if not loss.explained and loss.count > 0)

    @property
    def complete(self) -> bool:
        """Whether nothing is wrong: sums fit, no loss is unexplained, samples are those that were sent."""
        return self.adds_up and not self.unexplained and not any(each.red for each in self.remarks)

    @property
    def sentence(self) -> str:
        """What the books say, in the same words wherever it is told."""
        if not self.adds_up:
            return "The books do not add up; please report this."
        if self.unexplained:
            return f"{self.unexplained:,} sites got lost without a reason that anybody tells."
        red = sum(each.red for each in self.remarks)
        if red:
            return f"The sums fit, but {red} {'remark needs' if red == 1 else 'remarks need'} a look."
        if self.samples.sent is None:
            return "Nothing that can be told is missing."
        return "All sites and samples are accounted for."

    def total(self, stage: Stage) -> int | None:
        """Sites of all chromosomes at a station; None where it is known of none."""
        known = [count for row in self.chromosomes if (count := row.at(stage)) is not None]
        return sum(known) if known else None

    def lost_by_reason(self) -> tuple[Loss, ...]:
        """All losses of the chromosomes, added up by station and reason, in the order of the stations."""
        found: dict[tuple[Stage, str], Loss] = {}
        for loss in (loss for row in self.chromosomes for loss in row.losses):
            key = loss.stage, loss.reason
            before = found.get(key)
            found[key] = (
                loss if before is None else before.model_copy(update={"count": before.count + loss.count})
            )
        order = list(Stage)
        return tuple(sorted(found.values(), key=lambda each: (order.index(each.stage), -each.count)))
