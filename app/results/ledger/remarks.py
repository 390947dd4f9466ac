"""What is to be said of a result in sentences: what does not fit, and what nobody can tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Protocol

from app.domain.ledger import Remark, ResultLedger, Stage
from app.genotypes.matrix import compared_name
from app.results.indexing.figures import FileFigures
from app.results.indexing.kinds import FileKind
from app.results.ledger.people import with_samples
from app.results.ledger.statistics_files import ServerStatistics

Remarks = Iterator[Remark]


class Upload(Protocol):
    """What of an upload decides what cannot be told."""

    @property
    def lifted(self) -> bool:
        """Whether the service turned positions into another build."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What is not known of the upload, and why."""
        ...


def remarks_of(
    ledger: ResultLedger, files: Sequence[FileFigures], statistics: ServerStatistics, not_sent: int
) -> Remarks:
    """Sentences, the red ones about what is lost or does not fit."""
    yield from _samples(ledger, files)
    yield from _files(files)
    yield from _pairs(files)
    yield from _twice(files)
    yield from _chromosomes(ledger)
    yield from _report(ledger, statistics)
    if not_sent:
        yield Remark(text=f"{not_sent:,} sites are marked as typed in the result and were not sent.")
    for note in statistics.notes:
        yield Remark(text=note)


def _samples(ledger: ResultLedger, files: Sequence[FileFigures]) -> Remarks:
    book, people = ledger.samples, with_samples(files)
    if len({each.sent_names for each in people}) > 1:
        yield Remark(text="The files of the result do not have the same samples in the same order.")
    if book.missing:
        yield Remark(text=f"{_many(book.missing)} that were sent are not in the result.")
    if book.foreign:
        yield Remark(text=f"{_many(book.foreign)} of the result were not sent.")
    if book.order_kept is False and not book.missing and not book.foreign:
        yield Remark(text="The samples are not in the order in which they were sent.")
    if book.kept_names:
        yield Remark(
            text=f"{_many(book.kept_names)} keep the names that were sent: a VCF would not bear their own."
        )
    elif book.renamed:
        yield Remark(text=f"{_many(book.renamed)} got their own names back.", red=False)


def _many(count: int) -> str:
    return "1 sample" if count == 1 else f"{count:,} samples"


def _files(files: Sequence[FileFigures]) -> Remarks:
    for each in files:
        if each.end_marker is False:
            yield Remark(text=f"{each.name} has no end marker: its end may have been cut off.")
        if not each.whole and each.records:
            yield Remark(text=f"{each.name} is damaged or cut after {each.records:,} records.")
        if not each.sorted:
            yield Remark(text=f"{each.name} is not sorted by position, so it has no index.")
        if each.repacked:
            yield Remark(text=f"{each.name} was no BGZF; it was packed anew with the same text.", red=False)
        if each.unread:
            yield Remark(
                text=f"{each.name} is {each.unread}, which is not read here: its records were not counted."
            )
        elif each.kind is not FileKind.OTHER and not each.records and each.whole:
            yield Remark(text=f"{each.name} holds no records.")
        for note in each.notes:
            yield Remark(text=f"{each.name}: {note}")


def _pairs(files: Sequence[FileFigures]) -> Remarks:
    """Dose and info files of one name must tell of the same chromosomes and sites."""
    infos = {_stem(each.name): each for each in files if each.kind is FileKind.INFO}
    for dose in (each for each in files if each.kind is FileKind.DOSE):
        info = infos.get(_stem(dose.name))
        if info is None or not (dose.records and info.records):
            continue
        mine = {one.name: one.digest for one in dose.chromosomes}
        theirs = {one.name: one.digest for one in info.chromosomes}
        if "unknown" in mine or "unknown" in theirs:
            continue
        if not {*map(compared_name, mine)} & {*map(compared_name, theirs)}:
            yield Remark(
                text=f"{dose.name} is of chromosome {_listed(mine)} and {info.name} of {_listed(theirs)}: "
                "one of them has another file's name."
            )
        elif mine != theirs and dose.records == info.records:
            yield Remark(text=f"{dose.name} and {info.name} have other sites in the same number.")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(list(names)[:3])


def _twice(files: Sequence[FileFigures]) -> Remarks:
    """Files of the same people that overlap are no parts of one result: their sites are counted twice."""
    spans: dict[str, list[tuple[int, int, FileFigures]]] = {}
    for each in files:
        if each.kind is FileKind.DOSE:
            for one in each.chromosomes:
                if one.records:
                    spans.setdefault(compared_name(one.name), []).append((one.first, one.last, each))
    for name, parts in spans.items():
        ordered = sorted(parts, key=lambda part: part[:2])
        for (_, end, before), (start, _, behind) in pairwise(ordered):
            if start <= end and before.samples == behind.samples:
                yield Remark(
                    text=f"{before.name} and {behind.name} both have chromosome {name} of the same people, "
                    "so its sites are counted twice: the folder may hold two results."
                )
                break


def _stem(name: str) -> str:
    low = name.lower()
    for ending in (".dose.vcf.gz", ".dose.vcf", ".info.gz", ".info"):
        if low.endswith(ending):
            return name[: -len(ending)]
    return name


def _chromosomes(ledger: ResultLedger) -> Remarks:
    for row in ledger.chromosomes:
        if row.sent and row.downloaded is None:
            what = "only its info file is" if row.imputed is not None else "nothing of it is"
            yield Remark(text=f"Chromosome {row.chromosome} was sent, and {what} in the result.")
    gaps = [row for row in ledger.chunks if row.sent and not row.downloaded and not row.left_out]
    for row in gaps:
        if any(each.chromosome == row.chromosome and each.downloaded for each in ledger.chromosomes):
            where = f"{row.chromosome}:{row.start:,}–{row.end:,}"
            yield Remark(text=f"Nothing came back of {where}, and no list of the server says why.")


def _report(ledger: ResultLedger, statistics: ServerStatistics) -> Remarks:
    """The counters of the server's report against its own lists and against what was sent."""
    told = statistics.counters
    excluded = told.get("Excluded sites in total")
    if excluded is not None and statistics.has_lists:
        listed = sum(map(len, statistics.excluded.values()))
        if listed != excluded:
            yield Remark(
                text=f"The server's report tells of {excluded:,} excluded sites, its list has {listed:,}."
            )
    sent, remaining = ledger.total(Stage.SENT), told.get("Remaining sites in total")
    if sent is None or excluded is None or remaining is None:
        return
    counted = excluded + remaining + told.get("Typed only sites", 0)
    if counted != sent and not statistics.lift_failed:
        text = f"The server's report accounts for {counted:,} sites, and {sent:,} were sent."
        if counted < sent:
            text += " The others are in none of its counters (outside the panel, or no usable site near by)."
        yield Remark(text=text)


def unknown_of(
    ledger: ResultLedger,
    files: Sequence[FileFigures],
    statistics: ServerStatistics,
    is_sent_known: bool,
    sent: Upload | None,
) -> Iterator[str]:
    """What cannot be told, and why."""
    if not is_sent_known:
        yield (
            "What was sent is not known, so neither losses before imputation nor missing samples can be told."
        )
    elif sent is not None:
        yield from sent.notes
        if sent.lifted:
            yield (
                "The service turned positions into another build, so typed sites are counted by chromosome "
                "and not followed one by one."
            )
    if is_sent_known and not statistics.has_lists:
        yield "The server's list of excluded sites (snps-excluded.txt) is not among the files."
    if any(one.unmarked for each in files if each.kind is not FileKind.INFO for one in each.chromosomes):
        yield "Some files do not mark which sites were typed."
    if not any(each.kind is FileKind.INFO for each in files) and any(each.records for each in files):
        yield "There are no info files, so the records of the dose files are all that is told of."
    if ledger.samples.order_kept is None and ledger.samples.found and is_sent_known:
        yield "The names of the samples that were sent are not known."
