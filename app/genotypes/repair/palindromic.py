"""A/T and C/G sites, whose letters do not tell the strand: by frequency, by neighbours, or left out.

The alleles written are always those of the panel. What is decided is whether ALT of the file means ALT of
the panel; if not, genotypes are recoded. Three things speak: how many other sites are on the wrong strand
(the prior), the frequency against that of the panel, and the correlation with sites nearby.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.domain.repair import RepairCode as R
from app.genotypes.repair.alleles import Stand, stands
from app.genotypes.repair.draft import Draft, Rows
from app.genotypes.repair.linkage import linkage_score
from app.genotypes.repair.study import CHROMOSOMES
from app.genotypes.site_table import swapped

CERTAIN = float(np.log(0.97 / 0.03))
"""Log-odds from which a site is oriented; most sites are far beyond."""
LEAST_EVIDENCE = float(np.log(0.9 / 0.1))
DRIFT = 0.01
"""Fst between the study and the panel's people where it cannot be measured."""
LEAST_DRIFT = 0.002
_SITES_FOR_DRIFT = 200
_MOST = 30.0
_LINKAGE_WEIGHT = 12.0


def orient(draft: Draft) -> None:
    """Orient what can be oriented; the rest is offered to be left out."""
    rows = np.flatnonzero(draft.alive)
    stand = stands(draft, rows)
    places = np.flatnonzero((stand == Stand.SAME_PALINDROME) | (stand == Stand.TURNED_PALINDROME))
    rows, turned = rows[places], stand[places] == Stand.TURNED_PALINDROME
    by_linkage = linkage_score(draft, rows) * _LINKAGE_WEIGHT
    if not len(rows):
        return
    panel = panel_frequency(draft, rows)
    by_frequency = frequency_evidence(draft, rows, panel)
    # Written in the panel's letters, a site of the right strand needs recoding just when it stands turned.
    prior = np.log((1 - draft.flip_rate) / draft.flip_rate) * np.where(turned, -1.0, 1.0)
    evidence = by_frequency + by_linkage
    total = prior + evidence
    decided = (np.abs(evidence) >= LEAST_EVIDENCE) & (np.abs(total) >= CERTAIN)
    recode = total < 0
    _apply(
        draft,
        rows,
        turned,
        recode,
        decided & (np.abs(by_frequency) >= np.abs(by_linkage)),
        R.PALINDROMIC_FREQUENCY,
    )
    _apply(
        draft, rows, turned, recode, decided & (np.abs(by_frequency) < np.abs(by_linkage)), R.PALINDROMIC_LD
    )
    why = "Neither frequency nor neighbours tell their strand."
    draft.offer(R.DROP_PALINDROMIC, rows[~decided], loses=True, why=why)


def _apply(
    draft: Draft,
    rows: Rows,
    turned: NDArray[np.bool_],
    recode: NDArray[np.bool_],
    decided: NDArray[np.bool_],
    code: R,
) -> None:
    """Sites that are right as they are count as oriented too, but only those that change are offered."""
    changes = decided & (turned | recode)
    draft.aligned[rows[decided & ~changes]] = True
    why = {
        R.PALINDROMIC_FREQUENCY: "The frequency fits the panel the other way round.",
        R.PALINDROMIC_LD: "Sites nearby fit the panel only the other way round.",
    }[code]
    done = draft.offer(code, rows[changes], why=why)
    mine = np.isin(rows, done)
    draft.code[rows[mine & turned]] = swapped(draft.code[rows[mine & turned]])
    draft.swap[rows[mine & recode]] ^= True
    draft.aligned[done] = True


def panel_frequency(draft: Draft, rows: Rows) -> NDArray[np.float64]:
    """Frequency of the panel's ALT at rows that stand to a panel row, NaN where it is unknown."""
    result = np.full(len(rows), np.nan)
    for name, table in draft.target.panel.items():
        mine = (draft.chromosome[rows] == CHROMOSOMES.index(name)) & (draft.panel_row[rows] >= 0)
        result[mine] = table.alt_frequency(draft.panel_row[rows[mine]])
    return result


def frequency_evidence(draft: Draft, rows: Rows, panel: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log-likelihood ratio for “ALT means ALT” against “ALT means REF”; 0 where it says nothing.

    With frequency p in the panel and f here, both with the variance p(1-p)(1/2n + Fst), it is
    (2p-1)(2f-1) / 2v. Beyond the limit of the minor allele frequency it is not used.
    """
    here = draft.alt_frequency(rows)
    called = 2.0 * draft.counts[rows, :3].sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.maximum(panel * (1 - panel), 1e-4) * (1 / called + drift_of(draft))
        ratio = (2 * panel - 1) * (2 * here - 1) / (2 * spread)
        minor = np.minimum(panel, 1 - panel)
        usable = np.isfinite(ratio) & (minor <= draft.choices.palindromic_maf)
    return np.clip(np.where(usable, ratio, 0.0), -_MOST, _MOST)


def drift_of(draft: Draft) -> float:
    """How far true frequencies lie from the panel's, as Fst, measured at sites whose strand the letters tell.

    A panel of another ancestry makes it large, so that fewer A/T and C/G sites are trusted.
    """
    rows = np.flatnonzero(draft.alive & draft.aligned)
    panel, here = panel_frequency(draft, rows), draft.alt_frequency(rows)
    called = 2.0 * draft.counts[rows, :3].sum(axis=1)
    usable = np.isfinite(panel) & np.isfinite(here) & (np.minimum(panel, 1 - panel) > 0.05)
    if int(usable.sum()) < _SITES_FOR_DRIFT:
        return DRIFT
    spread = panel[usable] * (1 - panel[usable])
    excess = (here[usable] - panel[usable]) ** 2 - spread / called[usable]
    return float(np.clip(excess.sum() / spread.sum(), LEAST_DRIFT, 0.5))
