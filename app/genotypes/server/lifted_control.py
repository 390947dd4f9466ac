"""The quality control of a file of another build: all sites are lifted and sorted before they are judged."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.genotypes.server.chromosome_x import TASK, renamed
from app.genotypes.server.file_control import SHORT_LINE, Shared, as_batch, is_blank
from app.genotypes.server.letters import read_genotypes
from app.genotypes.server.lift import FAILED, OTHER_CHROMOSOME, LiftOver
from app.genotypes.server.sites import KeptSites, Sites, sites_of
from app.genotypes.server.stops import ServerStop
from app.genotypes.server.upload_rows import Batch, OddLine
from app.genotypes.server.x_control import Look, XControl, XLook, look_at

SUFFIX = ".lifted.vcf.gz"
Rows = NDArray[np.intp]


class Judge(Protocol):
    """The control that judges the sorted sites."""

    def take_lifted(self, sites: Sites, look: Look) -> None:
        """Sites in order of their new positions."""
        ...

    def finish(self) -> None:
        """The end of the file."""
        ...


class LiftedControl:
    """Keeps a file, lifts it, and gives it on."""

    def __init__(self, shared: Shared, judge: Judge, lift: LiftOver, failed: list[tuple[str, str]]) -> None:
        self._shared = shared
        self._judge = judge
        self._lift = lift
        self._failed = failed
        self._kept = KeptSites(shared.file.samples)
        self._names: list[str] = []
        self._looks: list[XLook] = []
        self._faults: dict[int, str] = {}
        self._short: ServerStop | None = None
        self._rows = 0

    def take(self, item: Batch | OddLine) -> None:
        """Regular rows or a line."""
        batch = as_batch(item)
        if batch is None:
            assert isinstance(item, OddLine)
            if not is_blank(item.raw) and self._short is None:
                self._short = self._shared.stop(item.number, SHORT_LINE, SUFFIX)
            return
        genotypes = read_genotypes(batch, self._shared.file.samples)
        if isinstance(self._judge, XControl):
            look = look_at(batch, genotypes, self._shared.file.sample_names)
            self._looks += [look(row, True) for row in range(len(batch))]
        self._faults |= {self._rows + row: text for row, text in genotypes.faults.items()}
        sites = sites_of(batch, genotypes, self._kept.longest)
        numbers = np.array([self._number(name) for name in batch.names], np.int64)
        sites.names, sites.chromosome = self._names, numbers[sites.chromosome]
        self._kept.add(sites, genotypes.missing)
        self._rows += len(batch)

    def _number(self, name: str) -> int:
        if name not in self._names:
            self._names.append(name)
        return self._names.index(name)

    def finish(self) -> None:
        """The end of the file: lift, sort, judge."""
        if self._short is not None:
            raise self._short
        sites = self._kept.all()
        names = [renamed(name) for name in self._names]
        position = sites.position.copy()
        lifted = np.zeros(len(sites), bool)
        texts: dict[int, str] = {}
        for number, name in enumerate(names):
            rows = np.flatnonzero(sites.chromosome == number)
            wanted = f"chr{name.removeprefix('chr')}"
            targets, target, place = self._lift.lift(wanted, sites.position[rows])
            same = targets.index(wanted) if wanted in targets else -2
            lifted[rows], position[rows] = target == same, place
            texts |= {int(row): FAILED for row in rows[target < 0]}
            texts |= {int(row): OTHER_CHROMOSOME for row in rows[(target >= 0) & (target != same)]}
        for row in sorted(texts):
            at = f"{names[int(sites.chromosome[row])]}:{int(sites.position[row])}"
            self._failed.append((at, texts[row]))
        sites.names = [name.removeprefix("chr") if name.startswith("chr") else f"chr{name}" for name in names]
        sites.position = position
        rows = np.flatnonzero(lifted)
        self._give_on(sites, rows[np.argsort(position[rows], kind="stable")])

    def _give_on(self, sites: Sites, order: Rows) -> None:
        if not len(order):
            raise ServerStop(
                f"{TASK}No genotypes found in the VCF file. It appears the file contains only the header."
            )
        is_x = isinstance(self._judge, XControl)
        for at, row in enumerate(order.tolist()) if self._faults and not is_x else ():
            if row in self._faults:
                number = self._shared.file.header_lines + at + 1
                text = self._faults[row]
                if text.startswith("Line "):
                    text = f"Line {number}: {text.partition(': ')[2]}"
                raise self._shared.stop(number, text, SUFFIX)

        def look(at: int, decode: bool) -> XLook:
            seen = self._looks[int(order[at])]
            return seen if decode else XLook(seen.fields, None, None, seen.reading)

        self._judge.take_lifted(sites.part(order), look)
        self._judge.finish()
