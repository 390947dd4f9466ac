"""Scores a result against a truth in one pass through its files."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.domain.accuracy import AncestryScore, AncestrySource, MissedWhy, SiteCount, TruthScore
from app.domain.problem import Kind, problem
from app.domain.progress import Progress, Report, silent
from app.genotypes.liftover import Chain, LiftStatus, lift, read_chain
from app.genotypes.matrix import compared_name
from app.results.doses.contract import DoseBatch, Field, InfoColumns
from app.results.doses.reading import open_doses
from app.results.figures.bins import bin_numbers
from app.results.truth.matching import MATCHES, WHY, Fate, Matcher
from app.results.truth.people import Pairs, ancestry_of, pairs_of
from app.results.truth.reading import Counts, Rows, Truth, TruthPart, read_truth
from app.results.truth.sums import BinSums, BlockSums, Floats, missing_sums, site_sums

WINDOW = 500_000
"""Base pairs of a stretch of the genome, for standard errors."""
_GENOTYPES_AT_ONCE = 1 << 20
Site = tuple[str, int, str, str]


@dataclass(frozen=True)
class TruthRequest:
    """Score dose files against truth files.

    `names` gives the name in the truth of a sample of the result, where they differ. `ancestry` gives the
    group of people, by their name in the result or the truth; None: groups are found by projection if
    `project` says so. `typed` sites (chromosome, position, REF, ALT) are left out beside those that the
    result marks. `all_chromosomes`: a chromosome that the result lacks counts as missing sites. `work` is a
    folder for packed genotypes, by default a temporary one. `chain` leads from the build of the result to
    that of the truth, where they differ; records without a place there are of no site.
    """

    name: str
    dose: tuple[Path, ...]
    truth: tuple[Path, ...]
    names: Mapping[str, str] = field(default_factory=dict)
    ancestry: Mapping[str, str] | None = None
    project: bool = True
    typed: tuple[Site, ...] = ()
    all_chromosomes: bool = False
    window: int = WINDOW
    work: Path | None = None
    chain: Path | None = None


class Watch(Protocol):
    """Sees the records of a result while it is scored, so that its files are read once."""

    def see(self, chromosome: str, batch: DoseBatch, people: Rows, compared: Rows) -> None:
        """Records with dosages, the columns of the people, and the rows that were compared."""
        ...


@dataclass(frozen=True)
class Scored:
    """The score, and the sums of each stretch of the genome, from which scores are compared."""

    score: TruthScore
    blocks: dict[tuple[str, int], Floats]


def score(request: TruthRequest, report: Report = silent) -> TruthScore:
    """The score of a result. ProblemError when a file cannot be read or nobody is in both."""
    return score_in_blocks(request, report).score


def score_in_blocks(request: TruthRequest, report: Report = silent, watch: Watch | None = None) -> Scored:
    """The same with the sums of each stretch. Memory does not grow with the dose files."""
    began = time.monotonic()
    where = None if request.work is None else str(request.work)
    with tempfile.TemporaryDirectory(prefix="truth-", dir=where, ignore_cleanup_errors=True) as work:
        truth = read_truth(request.truth, Path(work), report)
        scoring = _Scoring(request, truth, watch)
        for path in request.dose:
            scoring.file(path, report)
        scoring.missing()
        return scoring.told(time.monotonic() - began)


class _Scoring:
    """The sums over all files."""

    def __init__(self, request: TruthRequest, truth: Truth, watch: Watch | None = None) -> None:
        self._request = request
        self._watch = watch
        self._chain = read_chain(request.chain) if request.chain is not None else None
        self._truth = truth
        self._ancestry, self._source = ancestry_of(truth, request.ancestry, project=request.project)
        self._matchers = {
            name: [Matcher(part, _marked(part, name, request.typed)) for part in parts]
            for name, parts in truth.parts.items()
        }
        self._whole, self._blocks = BinSums(), BlockSums(request.window)
        self._groups: dict[str, BinSums] = {}
        self._met: set[str] = set()
        self._compared: set[str] = set()
        self._samples: dict[str, None] = {}
        self._last: dict[int, Pairs] = {}

    def file(self, path: Path, report: Report) -> None:
        """Read one dose file."""
        reader = open_doses(path, Field.DOSAGE)
        size = path.stat().st_size
        try:
            self._samples.update(dict.fromkeys(reader.samples))
            pairs = {
                id(cohort): pairs_of(reader.samples, cohort.samples, self._request.names, self._ancestry)
                for cohort in self._truth.cohorts
            }
            if not any(len(each) for each in pairs.values()):
                raise _nobody(path, self._truth.name)
            self._last = pairs
            for batch in reader.batches():
                self._batch(batch, pairs)
                step = f"Comparing {self._request.name} with the truth"
                report(Progress(done=reader.packed_done, total=size, unit="bytes", step=step))
        finally:
            reader.close()

    def _batch(self, batch: DoseBatch, pairs: Mapping[int, Pairs]) -> None:
        name = compared_name(batch.chromosome)
        if self._chain is not None:
            batch = _lifted(batch, self._chain)
        self._met.add(name)
        compared = [np.zeros(0, np.intp)]
        for matcher in self._matchers.get(name, ()):
            with_people = pairs[id(matcher.part.cohort)]
            rows, sites, turned = matcher.match(batch)
            compared.append(rows)
            if not len(with_people):
                matcher.not_called(sites)
                continue
            for piece in _pieces(len(rows), len(with_people)):
                self._sites(name, batch, matcher, with_people, rows[piece], sites[piece], turned[piece])
        if self._watch is not None:
            people = max((each.result for each in pairs.values()), key=len)
            self._watch.see(name, batch, people, np.concatenate(compared))

    def _sites(
        self,
        name: str,
        batch: DoseBatch,
        matcher: Matcher,
        people: Pairs,
        rows: Rows,
        sites: Rows,
        turned: NDArray[np.bool_],
    ) -> None:
        """Add some matched sites."""
        assert batch.dosage is not None
        counts, ploidy = matcher.part.genotypes(sites, people.truth)
        counts = np.where(turned[:, None] & (counts >= 0), ploidy - counts, counts)
        dosage = batch.dosage[np.ix_(rows, people.result)].astype(np.float64)
        frequency = minor_frequency(counts, ploidy)
        place = bin_numbers(frequency)
        matcher.not_called(sites[place < 0])
        sums = site_sums(dosage, counts)
        self._whole.add(place, sums)
        self._blocks.add(name, matcher.part.position[sites], _varying(place, frequency), sums)
        self._compared.update(people.names)
        for label, columns in people.groups.items():
            own = bin_numbers(minor_frequency(counts[:, columns], ploidy[:, columns]))
            group = self._groups.setdefault(label, BinSums())
            group.add(own, site_sums(dosage[:, columns], counts[:, columns]))

    def missing(self) -> None:
        """Count the sites that the result lacks in the range of their frequency."""
        for name, matchers in self._matchers.items():
            if name not in self._met and not self._request.all_chromosomes:
                continue
            for matcher in matchers:
                people = self._last.get(id(matcher.part.cohort))
                lacking = np.flatnonzero((matcher.fate <= Fate.ALLELES) & matcher.part.usable)
                if people is None or not len(people):
                    continue
                for piece in _pieces(len(lacking), len(people)):
                    self._lacking(name, matcher.part, people, lacking[piece])

    def _lacking(self, name: str, part: TruthPart, people: Pairs, sites: Rows) -> None:
        counts, ploidy = part.genotypes(sites, people.truth)
        frequency = minor_frequency(counts, ploidy)
        place = bin_numbers(frequency)
        sums = missing_sums(len(sites))
        self._whole.add(place, sums)
        self._blocks.add(name, part.position[sites], _varying(place, frequency), sums)
        for label, columns in people.groups.items():
            own = bin_numbers(minor_frequency(counts[:, columns], ploidy[:, columns]))
            self._groups.setdefault(label, BinSums()).add(own, sums)

    def told(self, seconds: float) -> Scored:
        """The whole score."""
        errors, error = self._blocks.errors()
        known = set(self._truth.samples)
        in_result = {self._request.names.get(each, each) for each in self._samples}
        made = TruthScore(
            name=self._request.name,
            truth=self._truth.name,
            people=len(self._compared),
            only_in_result=len(in_result - known),
            only_in_truth=len(known - in_result),
            sites=sum(int((each.fate == Fate.COMPARED).sum()) for each in self._all()),
            matched=self._matched(),
            missed=self._missed(),
            whole=self._whole.whole(error),
            by_maf=self._whole.bins(errors),
            by_ancestry=self._by_ancestry(),
            ancestry_source=self._source if self._groups else AncestrySource.NONE,
            notes=self._notes(),
            seconds=round(seconds, 3),
        )
        return Scored(made, self._blocks.keyed())

    def _all(self) -> Iterable[Matcher]:
        return (each for matchers in self._matchers.values() for each in matchers)

    def _matched(self) -> tuple[SiteCount, ...]:
        totals = {kind: sum(each.matched[kind] for each in self._all()) for kind in MATCHES}
        return tuple(
            SiteCount(reason=str(MATCHES[kind]), sites=many) for kind, many in totals.items() if many
        )

    def _missed(self) -> tuple[SiteCount, ...]:
        counted = dict.fromkeys(MissedWhy, 0)
        for name, matchers in self._matchers.items():
            for each in matchers:
                counted[MissedWhy.NO_ALLELES] += int((~each.part.usable).sum())
                fate = each.fate[each.part.usable]
                if name not in self._met:
                    counted[MissedWhy.CHROMOSOME] += len(fate)
                    continue
                for which, why in WHY.items():
                    counted[why] += int((fate == which).sum())
        return tuple(SiteCount(reason=str(why), sites=many) for why, many in counted.items() if many)

    def _by_ancestry(self) -> tuple[AncestryScore, ...]:
        people = {label: 0 for label in self._groups}
        for each in {id(pairs): pairs for pairs in self._last.values()}.values():
            for label, columns in each.groups.items():
                people[label] = max(people.get(label, 0), len(columns))
        return tuple(
            AncestryScore(label=label, people=people[label], whole=sums.whole(), by_maf=sums.bins())
            for label, sums in sorted(self._groups.items())
        )

    def _notes(self) -> tuple[str, ...]:
        return tuple(
            f"{each.sites:,} sites were matched with {each.reason}."
            for each in self._matched()
            if each.reason != MATCHES[next(iter(MATCHES))]
        )


def minor_frequency(counts: Counts, ploidy: Counts) -> Floats:
    """The frequency of the rarer allele among called ones of each site; NaN where there are none."""
    called = counts >= 0
    total = np.where(called, ploidy, 0).sum(axis=1).astype(np.float64)
    alternate = np.where(called, counts, 0).sum(axis=1)
    frequency = np.divide(alternate, total, out=np.full(len(total), np.nan), where=total > 0)
    return np.asarray(np.minimum(frequency, 1 - frequency), np.float64)


def _lifted(batch: DoseBatch, chain: Chain) -> DoseBatch:
    """The records that stay on their chromosome, at their new positions; alleles keep their strand."""
    made = lift(chain, batch.chromosome, batch.position)
    rows = np.flatnonzero(made.status == LiftStatus.LIFTED)
    assert batch.dosage is not None
    info = InfoColumns(*(getattr(batch.info, each.name)[rows] for each in fields(InfoColumns)))
    return DoseBatch(
        batch.chromosome,
        batch.first_line,
        made.position[rows],
        batch.ids[rows],
        batch.refs[rows],
        batch.alts[rows],
        info,
        batch.dosage[rows],
    )


def _varying(place: Rows, frequency: Floats) -> Rows:
    """The ranges of sites, none where all people are alike: that says nothing of a correlation."""
    return np.where(frequency > 0, place, -1)


def _pieces(rows: int, people: int) -> Iterable[slice]:
    step = max(1, _GENOTYPES_AT_ONCE // max(1, people))
    return (slice(at, min(at + step, rows)) for at in range(0, rows, step))


def _marked(part: TruthPart, name: str, typed: Sequence[Site]) -> NDArray[np.bool_] | None:
    """Which sites of the truth are among those that were typed, alleles in any order."""
    wanted = {
        (position, frozenset((ref, alt)))
        for chromosome, position, ref, alt in typed
        if compared_name(chromosome) == name
    }
    if not wanted:
        return None
    marked = np.zeros(len(part), bool)
    positions = np.fromiter({each[0] for each in wanted}, np.int64)
    for at in np.flatnonzero(np.isin(part.position, positions)).tolist():
        ref, alt = (each.decode("utf-8", "replace") for each in part.alleles(at))
        marked[at] = (int(part.position[at]), frozenset((ref, alt))) in wanted
    return marked


def _nobody(path: Path, truth: str) -> Exception:
    return problem(
        Kind.INPUT,
        "Result and truth have nobody in common",
        f"No sample of {path.name} is in {truth}.",
        "Give the truth of the same people, with the same names or a table of names.",
        subject=truth,
    )
