"""A repair as it is worked out: what becomes of every row and every sample, before anything is written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain.finding import BuildGuess
from app.domain.repair import RepairCode, RepairStep, Unresolved
from app.genotypes.cohort import Reference
from app.genotypes.repair.split_records import SplitRecords, split_records
from app.genotypes.repair.study import CHROMOSOMES, Study, chromosomes_of
from app.genotypes.repair.target import RepairChoices, RepairTarget
from app.genotypes.repair.words import NUMBERS, TITLES
from app.genotypes.site_table import OTHER, letters_code, swapped
from app.genotypes.texts import Texts, joined

Rows = NDArray[np.intp]
MOST_EXAMPLES = 5
_LETTERS = "ACGT"


@dataclass(eq=False)
class Draft:
    """Arrays have an entry a row of the study.

    `code` are the alleles as they will be written (see `SiteTable.code`); those of OTHER rows stand in
    `rewritten` or else in the file. `swap`: genotypes are recoded, 0 ↔ 2. `dropped` is the number of the
    repair that removed a row, 0 while it is there; `changed` has a bit for each repair that changed it.
    `partner` is a row whose calls fill the gaps of this one, -1 for none. `counts` are of the samples that
    are left, in the orientation of the file. `lost` is the number of the repair that removed a sample.
    `aligned` rows have the panel's alleles for certain, and of `proved` rows, which it lacks, the reference
    sequence tells REF; `panel_row` is where they stand in it. `slope` is how
    rows are correlated with their neighbours compared to the panel, NaN where nobody asked. `split` are
    rows of records with several ALT alleles.
    """

    study: Study
    target: RepairTarget
    choices: RepairChoices
    build: BuildGuess
    chromosome: NDArray[np.uint8]
    position: NDArray[np.int64]
    flags: NDArray[np.uint32]
    code: NDArray[np.uint8]
    counts: NDArray[np.int32]
    swap: NDArray[np.bool_]
    dropped: NDArray[np.uint8]
    changed: NDArray[np.uint64]
    partner: NDArray[np.int64]
    lost: NDArray[np.uint8]
    names: list[str]
    batch: NDArray[np.int64]
    rewritten: dict[int, tuple[str, str]] = field(default_factory=dict)
    steps: list[RepairStep] = field(default_factory=list)
    unresolved: list[Unresolved] = field(default_factory=list)
    refused: str = ""
    cautions: list[str] = field(default_factory=list)
    flip_rate: float = 0.5
    certain: bool = False
    haploid_on_x: NDArray[np.bool_] | None = None
    male_hets_missing: bool = False
    panel_row: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    aligned: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, bool))
    proved: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, bool))
    lifted: bool = False
    slope: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    slope_spread: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    split: SplitRecords = field(default_factory=SplitRecords)

    @property
    def build_now(self) -> str | None:
        """The build of the positions as they will be written."""
        return self.target.build if self.lifted else self.build.value

    @property
    def alive(self) -> NDArray[np.bool_]:
        """Rows that are still there."""
        there: NDArray[np.bool_] = self.dropped == 0
        return there

    @property
    def kept(self) -> NDArray[np.bool_]:
        """Samples that are still there."""
        there: NDArray[np.bool_] = self.lost == 0
        return there

    @property
    def people(self) -> int:
        """How many samples are left."""
        return int(np.count_nonzero(self.lost == 0))

    def on(self, chromosome: str) -> Rows:
        """Rows still there on a chromosome by its plain name."""
        return np.flatnonzero((self.chromosome == CHROMOSOMES.index(chromosome)) & self.alive)

    def present(self) -> list[str]:
        """Plain names of the chromosomes of the rows still there."""
        numbers = np.unique(self.chromosome[self.alive])
        return [CHROMOSOMES[number] for number in numbers.tolist() if number]

    def offer(
        self,
        code: RepairCode,
        rows: Rows | NDArray[np.bool_],
        *,
        loses: bool = False,
        proposed: bool = True,
        optional: bool = True,
        samples: int = 0,
        why: str = "",
        caution: str = "",
    ) -> Rows:
        """Put a repair of rows on the list; the rows to work on, none when it is not chosen.

        Rows are marked as changed by it, or as removed when it `loses` them.
        """
        places = np.flatnonzero(rows) if rows.dtype == bool else np.asarray(rows, np.intp)
        if not len(places):
            return places
        chosen = not optional or self.choices.wants(code, proposed)
        self.steps.append(
            RepairStep(
                code=code,
                title=TITLES[code],
                why=why,
                sites=len(places),
                samples=samples,
                lost_sites=len(places) if loses else 0,
                examples=tuple(self.place(row) for row in places[:MOST_EXAMPLES].tolist()),
                optional=optional,
                chosen=chosen,
                caution=caution,
            )
        )
        if not chosen:
            return places[:0]
        if loses:
            self.dropped[places] = NUMBERS[code]
        else:
            self.mark(code, places)
        return places

    def mark(self, code: RepairCode, rows: Rows | NDArray[np.bool_]) -> None:
        """Note that a repair changed rows."""
        self.changed[rows] |= np.uint64(1 << NUMBERS[code])

    def offer_samples(
        self,
        code: RepairCode,
        which: NDArray[np.bool_],
        *,
        loses: bool = True,
        proposed: bool = True,
        optional: bool = True,
        why: str = "",
        caution: str = "",
    ) -> bool:
        """Put a repair of samples on the list; whether it is chosen. Names of people are not in it."""
        number = int(which.sum())
        if not number:
            return False
        chosen = not optional or self.choices.wants(code, proposed)
        lost = number if loses else 0
        self.steps.append(
            RepairStep(
                code=code,
                title=TITLES[code],
                why=why,
                samples=number,
                lost_samples=lost,
                optional=optional,
                chosen=chosen,
                caution=caution,
            )
        )
        if chosen and loses:
            self.lost[which & self.kept] = NUMBERS[code]
        return chosen

    def leave(self, code: str, title: str, rows: Rows, samples: int = 0) -> None:
        """Name rows or samples that no repair mends."""
        if len(rows) or samples:
            examples = tuple(self.place(row) for row in rows[:MOST_EXAMPLES].tolist())
            self.unresolved.append(
                Unresolved(code=code, title=title, sites=len(rows), samples=samples, examples=examples)
            )

    def place(self, row: int) -> str:
        """Where a row is, for people."""
        return f"{CHROMOSOMES[int(self.chromosome[row])] or '?'}:{int(self.position[row])}"

    def alleles(self, row: int) -> tuple[str, str]:
        """REF and ALT of a row as they will be written."""
        code = int(self.code[row])
        if code != OTHER:
            return _LETTERS[code >> 2], _LETTERS[code & 3]
        if row in self.rewritten:
            return self.rewritten[row]
        cohort = self.study.cohorts[int(self.study.cohort[row])]
        place = int(self.study.row[row])
        return cohort.refs[place], cohort.alts[place]

    def exchange(self, rows: Rows) -> None:
        """Exchange REF and ALT of rows, with their genotypes."""
        self.swap[rows] ^= True
        self.exchange_letters(rows)

    def exchange_letters(self, rows: Rows) -> None:
        """Exchange REF and ALT of rows whose genotypes count the other allele."""
        for row in rows[self.code[rows] == OTHER].tolist():
            ref, alt = self.alleles(row)
            self.rewritten[row] = alt, ref
        self.code[rows] = swapped(self.code[rows])

    def oriented_counts(self, rows: Rows | slice = slice(None)) -> NDArray[np.int32]:
        """[rows, 4] hom-ref, het, hom-alt, missing of the alleles as they will be written."""
        counts = self.counts[rows].copy()
        turned = self.swap[rows]
        counts[turned] = counts[turned][:, [2, 1, 0, 3]]
        return counts

    def alt_frequency(self, rows: Rows | slice = slice(None)) -> NDArray[np.float64]:
        """Frequency of ALT as it will be written, NaN where nobody was called."""
        counts = self.oriented_counts(rows).astype(np.float64)
        called = 2 * counts[:, :3].sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            frequency: NDArray[np.float64] = (counts[:, 1] + 2 * counts[:, 2]) / called
        return frequency

    def texts(self, name: str, rows: Rows) -> Texts:
        """A text column (`ids`, `refs`, `alts`) of rows as it stands in the files, in the order of `rows`."""
        pieces: list[Texts] = []
        places: list[Rows] = []
        for number in np.unique(self.study.cohort[rows]).tolist():
            mine = np.flatnonzero(self.study.cohort[rows] == number)
            column: Texts = getattr(self.study.cohorts[number], name)
            pieces.append(column[self.study.row[rows[mine]].astype(np.intp)])
            places.append(mine)
        if len(pieces) == 1:
            return pieces[0]
        return joined(pieces)[np.argsort(np.concatenate(places))] if pieces else Texts.of(())

    def provisional(self) -> NDArray[np.bool_]:
        """Rows whose reference allele is not certain by their format."""
        unsure = [each.origin.reference is not Reference.KNOWN for each in self.study.cohorts]
        return np.array(unsure, bool)[self.study.cohort]


def begin(study: Study, target: RepairTarget, choices: RepairChoices, build: BuildGuess) -> Draft:
    """A draft in which nothing is changed yet."""
    count = len(study)
    flags, counts = _as(study.column("flags"), np.uint32), _as(study.column("counts"), np.int32)
    split = split_records(study, flags, counts)
    return Draft(
        study=study,
        target=target,
        choices=choices,
        build=build,
        chromosome=chromosomes_of(study),
        position=_as(study.column("position"), np.int64),
        flags=flags,
        code=_codes(study),
        counts=counts,
        swap=np.zeros(count, bool),
        dropped=np.zeros(count, np.uint8),
        changed=np.zeros(count, np.uint64),
        partner=np.full(count, -1, np.int64),
        lost=np.zeros(len(study.samples), np.uint8),
        names=list(study.samples),
        batch=np.ones(len(study.samples), np.int64),
        panel_row=np.full(count, -1, np.int64),
        aligned=np.zeros(count, bool),
        proved=np.zeros(count, bool),
        slope=np.full(count, np.nan),
        slope_spread=np.full(count, np.nan),
        split=split,
    )


def _as(values: NDArray[Any], kind: Any) -> NDArray[Any]:
    return np.array(values, kind)


def _codes(study: Study) -> NDArray[np.uint8]:
    pieces: Iterable[NDArray[np.uint8]] = (letters_code(each.refs, each.alts) for each in study.cohorts)
    return np.concatenate(list(pieces))
