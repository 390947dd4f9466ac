"""The books of a repair: sites and samples in, what each repair changed and removed, and what came out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from app.domain.repair import Ledger, LedgerLine
from app.domain.repair import RepairCode as R
from app.genotypes.cohort import RowFlag
from app.genotypes.repair.draft import Draft
from app.genotypes.repair.words import NUMBERS, TITLES

UNREADABLE = "unreadable"
NOT_IN_ALL_FILES = "samples_not_in_all_files"


def ledger_of(draft: Draft) -> Ledger:
    """Sites are records of the files; a record with several ALT alleles comes out as several."""
    study = draft.study
    return Ledger(
        sites_in=study.records,
        samples_in=len(study.samples) + len(study.left_out),
        lines=tuple(_lines(draft)),
        sites_out=int(draft.alive.sum()),
        samples_out=draft.people,
    )


def _lines(draft: Draft) -> Iterator[LedgerLine]:
    study = draft.study
    distinct = sum(len(np.unique(each.record)) for each in study.cohorts)
    if unreadable := study.records - distinct:
        title = "Records that could not be read"
        yield LedgerLine(code=UNREADABLE, title=title, removed_sites=unreadable)
    if study.left_out:
        title = "Samples that only some of the files have"
        yield LedgerLine(code=NOT_IN_ALL_FILES, title=title, removed_samples=len(study.left_out))
    if added := len(study) - distinct:
        split = int((draft.flags & RowFlag.SPLIT > 0).sum())
        yield LedgerLine(
            code=R.SPLIT_ALLELES,
            title=TITLES[R.SPLIT_ALLELES],
            changed_sites=split,
            added_sites=added,
            missing_calls=sum(n for row, n in draft.split.set_missing.items() if not draft.dropped[row]),
        )
    samples = {
        step.code: step.samples
        for step in draft.steps
        if step.chosen and step.samples and not step.lost_samples
    }
    for code in dict.fromkeys(step.code for step in draft.steps):
        line = _line(draft, code, samples.get(code, 0))
        if line is not None and not (code is R.SPLIT_ALLELES and added):
            yield line


def _line(draft: Draft, code: R, samples: int) -> LedgerLine | None:
    number = NUMBERS[code]
    bit = np.uint64(1 << number)
    line = LedgerLine(
        code=code,
        title=TITLES[code],
        changed_sites=int((draft.alive & (draft.changed & bit > 0)).sum()),
        removed_sites=int((draft.dropped == number).sum()),
        changed_samples=samples,
        removed_samples=int((draft.lost == number).sum()),
    )
    touched = line.changed_sites, line.removed_sites, line.changed_samples, line.removed_samples
    return line if any(touched) else None
