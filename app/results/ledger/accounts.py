"""The books of a result out of three sources: what was sent, the server's files, and the files here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.domain.ledger import FileBook, LedgerRow, Loss, ResultLedger, Stage
from app.genotypes.matrix import compared_name
from app.results.indexing.figures import MEGABASE, ChromosomeFigures, FileFigures
from app.results.indexing.kinds import FileKind
from app.results.ledger.people import sample_book
from app.results.ledger.remarks import remarks_of, unknown_of
from app.results.ledger.statistics_files import ExcludedChunk, ServerStatistics
from app.results.ledger.typed_sites import UNEXPLAINED, TypedFate, counted_losses, follow

CHUNK_SIZE = 20_000_000
_ENOUGH, _SAME_BUILD = 50, 0.2
"""Typed sites that tell a build, and the share of them at places that were sent that is the least for one."""
_HERE = "the files here"
"""What tells of a loss that shows when the files of the result are counted."""
_ALLELES = np.uint64(24)


@dataclass(frozen=True, eq=False)
class SentChromosome:
    """Typed sites of a chromosome; `keys` None where they cannot be read any more."""

    sites: int
    keys: NDArray[np.uint64] | None = None


@dataclass(frozen=True, eq=False)
class SentUpload:
    """What went to the service, by compared name of the chromosome, and the samples in their order.

    `samples` None: only `samples_hash` (sha256 of the names with tabs between) is known, or nothing.
    `lifted`: the service turned positions into another build. `later` says what a filter of the job does.
    """

    chromosomes: dict[str, SentChromosome] = field(default_factory=dict)
    samples: tuple[str, ...] | None = None
    samples_hash: str = ""
    sample_count: int | None = None
    lifted: bool = False
    later: str = ""
    notes: tuple[str, ...] = ()


class _Here(NamedTuple):
    """The figures of one chromosome in the files of the result."""

    dose: ChromosomeFigures | None
    info: ChromosomeFigures | None
    dose_files: int

    @property
    def typed(self) -> ChromosomeFigures | None:
        """The file that says best which sites were typed."""
        marked = (each for each in (self.dose, self.info) if each is not None and each.unmarked == 0)
        return next(marked, None)


def build_ledger(
    files: Sequence[FileFigures],
    statistics: ServerStatistics,
    sent: SentUpload | None,
    made: datetime,
    result_id: str = "",
) -> ResultLedger:
    """The books; pure. `sent` None: the result came from elsewhere and nobody knows what was sent."""
    size = _chunk_size(statistics)
    here = _by_chromosome(files)
    if sent is not None and not sent.lifted and _looks_lifted(sent, here, statistics):
        sent = replace(sent, lifted=True)
    names = list(dict.fromkeys([*(sent.chromosomes if sent else ()), *here]))
    rows: list[LedgerRow] = []
    chunks: list[LedgerRow] = []
    fates: list[TypedFate | None] = []
    for name in names:
        there = here.get(name, _Here(None, None, 0))
        fate = _fate(name, there, statistics, sent)
        fates.append(fate)
        rows.append(_row(name, there, statistics, sent, fate))
        chunks += _chunks(name, there, statistics, fate, size)
    ledger = ResultLedger(
        result_id=result_id,
        made=made,
        generation=statistics.generation,
        chunk_size=size,
        samples=sample_book(files, sent.samples, sent.samples_hash, sent.sample_count)
        if sent
        else sample_book(files, None, "", None),
        chromosomes=tuple(rows),
        chunks=tuple(chunks),
        files=tuple(_file_book(each) for each in files),
        counters=statistics.counters,
    )
    not_sent = sum(fate.not_sent for fate in fates if fate is not None)
    return ledger.model_copy(
        update={
            "remarks": tuple(remarks_of(ledger, files, statistics, not_sent)),
            "unknown": tuple(unknown_of(ledger, files, statistics, sent is not None, sent)),
        }
    )


def _looks_lifted(sent: SentUpload, here: dict[str, _Here], statistics: ServerStatistics) -> bool:
    """Whether the result stands in another build than the upload, though nobody said so."""
    if "lift_over" in statistics.sources:
        return True
    total = same = 0
    for name, mine in sent.chromosomes.items():
        there = here.get(name)
        if mine.keys is None or there is None or there.typed is None:
            continue
        total += len(there.typed.typed_keys)
        same += int(np.isin(there.typed.typed_keys >> _ALLELES, mine.keys >> _ALLELES).sum())
    return total >= _ENOUGH and same < _SAME_BUILD * total


def _chunk_size(statistics: ServerStatistics) -> int:
    """As the names of the chunks tell; the last one of a chromosome is as long as the others."""
    sizes = [each.end - each.start + 1 for each in statistics.chunks]
    size = max(sizes, default=CHUNK_SIZE)
    return size if size % MEGABASE == 0 and size > 0 else CHUNK_SIZE


def _by_chromosome(files: Sequence[FileFigures]) -> dict[str, _Here]:
    found: dict[str, _Here] = {}
    for file in files:
        if file.kind in (FileKind.EMPIRICAL, FileKind.OTHER):
            continue
        for one in file.chromosomes:
            name = compared_name(one.name)
            before = found.get(name, _Here(None, None, 0))
            if file.kind is FileKind.INFO:
                found[name] = before._replace(info=_joined(before.info, one))
            else:
                found[name] = before._replace(
                    dose=_joined(before.dose, one), dose_files=before.dose_files + 1
                )
    return found


def _joined(one: ChromosomeFigures | None, other: ChromosomeFigures) -> ChromosomeFigures:
    """Figures of a chromosome that lies in several files (parts of X)."""
    if one is None:
        return other
    length = max(len(one.by_megabase), len(other.by_megabase))
    total = np.zeros((length, 4), np.int64)
    for each in (one, other):
        total[: len(each.by_megabase)] += each.by_megabase
    return ChromosomeFigures(
        one.name,
        records=one.records + other.records,
        both=one.both + other.both,
        typed_only=one.typed_only + other.typed_only,
        imputed=one.imputed + other.imputed,
        unmarked=one.unmarked + other.unmarked,
        first=min(one.first, other.first),
        last=max(one.last, other.last),
        digest=(one.digest + other.digest) & 0xFFFFFFFFFFFFFFFF,
        by_megabase=total,
        typed_keys=np.concatenate([one.typed_keys, other.typed_keys]),
    )


def _fate(name: str, there: _Here, statistics: ServerStatistics, sent: SentUpload | None) -> TypedFate | None:
    """Where each typed site went, where that can be followed site by site."""
    mine = sent.chromosomes.get(name) if sent is not None else None
    if sent is None or mine is None or mine.keys is None or sent.lifted:
        return None
    if there.typed is None and there != _Here(None, None, 0):
        return None
    found = there.typed.typed_keys if there.typed is not None else np.empty(0, np.uint64)
    chunks = [each for each in statistics.chunks if each.chromosome == name]
    listed = statistics.excluded.get(name, []), statistics.typed_only.get(name, [])
    later = sent.later if there.typed is not None else "No file of this chromosome is in the result"
    fate = follow(
        mine.keys, listed[0], chunks, listed[1], found, sources=statistics.sources, later=sent.later
    )
    if there.typed is not None or sent.later:
        return fate
    reasons = tuple((later, "", False) if each[0] == UNEXPLAINED else each for each in fate.reasons)
    return TypedFate(fate.positions, fate.stage, fate.reason, reasons, fate.not_sent, fate.listed_not_sent)


def _row(
    name: str, there: _Here, statistics: ServerStatistics, sent: SentUpload | None, fate: TypedFate | None
) -> LedgerRow:
    mine = sent.chromosomes.get(name) if sent is not None else None
    row = _counted(name, there, mine)
    if fate is not None:
        everything = fate.within(None, None)
        surplus = _surplus(fate.not_sent)
        losses = [*fate.losses(everything, name), *surplus, *row.losses]
        accepted = int((fate.stage != 0).sum())
        return row.model_copy(update={"accepted": accepted, "losses": tuple(losses)})
    return _by_lists(row, name, statistics)


def _surplus(count: int) -> list[Loss]:
    if not count:
        return []
    words = "Typed sites of the result that were not sent"
    return [Loss(stage=Stage.TYPED, reason=words, count=-count, explained=False, source=_HERE)]


def _cut(count: int) -> Loss:
    """What a dose file lacks that was cut, or made so."""
    words = "In the info file and not in the dose file"
    return Loss(stage=Stage.DOWNLOADED, reason=words, count=count, explained=False, source=_HERE)


def _counted(name: str, there: _Here, mine: SentChromosome | None) -> LedgerRow:
    """The counts of the files, and what the info file tells of and the dose file has not."""
    dose, info, typed = there.dose, there.info, there.typed
    imputed = info.records if info is not None else dose.records if dose is not None else None
    downloaded = dose.records if dose is not None else None
    losses = []
    nothing = mine is not None and dose is None and info is None
    typed_count = typed.typed if typed is not None else 0 if nothing else None
    only = typed.typed_only if typed is not None else 0 if nothing else None
    if info is not None and dose is not None and info.records != dose.records:
        losses.append(_cut(info.records - dose.records))
    return LedgerRow(
        chromosome=name,
        sent=mine.sites if mine is not None else None,
        typed=typed_count,
        typed_only=only,
        imputed=imputed,
        downloaded=downloaded,
        losses=tuple(losses),
    )


def _by_lists(row: LedgerRow, name: str, statistics: ServerStatistics) -> LedgerRow:
    """The losses by the lists alone; what they do not tell of is one more loss, so that the sums fit."""
    if row.sent is None:
        return row
    losses = counted_losses(statistics.excluded.get(name, ()), statistics.sources.get("excluded", ""))
    failed = statistics.lift_failed.get(name, 0)
    if failed:
        source = statistics.sources.get("lift_over", "")
        losses.append(
            Loss(stage=Stage.ACCEPTED, reason="Not lifted to the other build", count=failed, source=source)
        )
    accepted = row.sent - sum(each.count for each in losses)
    if row.typed is not None and accepted != row.typed:
        losses.append(_difference(accepted - row.typed, name, statistics))
    return row.model_copy(update={"accepted": accepted, "losses": (*losses, *row.losses)})


def _difference(count: int, name: str, statistics: ServerStatistics) -> Loss:
    """What is between the lists and the result; chunks that were left out explain it where there are any."""
    chunks = [each for each in statistics.chunks if each.chromosome == name]
    if chunks and count > 0:
        words = f"In {len(chunks)} chunks that were left out" if len(chunks) > 1 else chunks[0].reason
        source = statistics.sources.get("chunks", "")
        return Loss(stage=Stage.TYPED, reason=words, count=count, source=source)
    return Loss(stage=Stage.TYPED, reason=UNEXPLAINED, count=count, explained=False)


def _chunks(
    name: str, there: _Here, statistics: ServerStatistics, fate: TypedFate | None, size: int
) -> Iterator[LedgerRow]:
    """The chunks of a chromosome in which anything was sent or came back."""
    last = max(
        there.dose.last if there.dose else 0,
        there.info.last if there.info else 0,
        int(fate.positions.max(initial=0)) if fate is not None else 0,
        max((each.end for each in statistics.chunks if each.chromosome == name), default=0),
    )
    left_out = {each.start: each for each in statistics.chunks if each.chromosome == name}
    for number in range(-(-last // size)):
        row = _chunk(name, there, fate, number * size + 1, (number + 1) * size, left_out)
        if row.sent or row.imputed or row.downloaded or row.left_out:
            yield row


def _chunk(
    name: str,
    there: _Here,
    fate: TypedFate | None,
    start: int,
    end: int,
    left_out: dict[int, ExcludedChunk],
) -> LedgerRow:
    counts = {kind: _inside(figures, start, end) for kind, figures in zip("di", there[:2], strict=True)}
    dose, info = counts["d"], counts["i"]
    typed = _inside(there.typed, start, end)
    imputed, downloaded = _total(info if info is not None else dose), _total(dose)
    row = LedgerRow(
        chromosome=name,
        start=start,
        end=end,
        typed=int(typed[0] + typed[1]) if typed is not None else None,
        typed_only=int(typed[1]) if typed is not None else None,
        imputed=imputed,
        downloaded=downloaded,
        left_out=left_out[start].reason if start in left_out else "",
    )
    losses = []
    if imputed is not None and downloaded is not None and imputed != downloaded:
        losses.append(_cut(imputed - downloaded))
    if fate is None:
        return row.model_copy(update={"losses": tuple(losses)})
    rows = fate.within(start, end)
    kept = int((rows & (fate.stage == 2)).sum())
    mine = fate.losses(rows, name) + (_surplus(row.typed - kept) if row.typed is not None else [])
    update = {
        "sent": int(rows.sum()),
        "accepted": int((rows & (fate.stage != 0)).sum()),
        "typed": row.typed if row.typed is not None else kept,
        "losses": (*mine, *losses),
    }
    return row.model_copy(update=update)


def _inside(figures: ChromosomeFigures | None, start: int, end: int) -> NDArray[np.int64] | None:
    if figures is None:
        return None
    part = figures.by_megabase[(start - 1) // MEGABASE : end // MEGABASE]
    total: NDArray[np.int64] = part.sum(axis=0)
    return total


def _total(counts: NDArray[np.int64] | None) -> int | None:
    return int(counts.sum()) if counts is not None else None


def _file_book(file: FileFigures) -> FileBook:
    return FileBook(
        path=file.name,
        kind=file.kind,
        records=file.records,
        samples=len(file.samples),
        end_marker=file.end_marker,
        sorted=file.sorted,
        index=file.index,
        notes=file.notes,
    )
