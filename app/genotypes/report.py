"""The report of a dataset: one HTML page that needs nothing else, or JSON, from what was found and drawn.

Numbers of people under five are hidden, and names of samples, unless names are wanted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from app import __version__
from app.domain.dataset import Dataset
from app.genotypes.figures import Figures
from app.genotypes.reporting.facts import facts_of
from app.genotypes.reporting.figure_facts import figures_of
from app.genotypes.reporting.hiding import HIDDEN, Hiding
from app.genotypes.reporting.page import page
from app.genotypes.reporting.shown_names import ShownNames

VERSION = 1


def html_report(dataset: Dataset, figures: Figures | None, names: bool = False) -> str:
    """The page; `names` shows samples by name and every number as it is."""
    return page(report_facts(dataset, figures, names))


def json_report(dataset: Dataset, figures: Figures | None, names: bool = False) -> str:
    """The same as JSON text."""
    return json.dumps(report_facts(dataset, figures, names), ensure_ascii=False, indent=1)


def report_facts(dataset: Dataset, figures: Figures | None, names: bool = False) -> dict[str, Any]:
    """The same as plain values; a hidden number is the text `< 5`."""
    known = set(_names(dataset, figures))
    shown = ShownNames(dataset, Hiding(names, known))
    hiding = Hiding(names, known | shown.hidden)
    return {
        "report": "haplodesk dataset",
        "version": VERSION,
        "made_by": f"haplodesk {__version__}",
        "names": names,
        "hidden_as": None if names else HIDDEN,
        **facts_of(dataset, hiding, shown),
        "figures": {} if figures is None else figures_of(figures, hiding),
    }


def _names(dataset: Dataset, figures: Figures | None) -> Iterator[str]:
    """Every name of a sample that is known."""
    if figures is not None:
        yield from map(str, figures.samples)
    for verdict in dataset.verdicts:
        for chunk in verdict.lost_chunks:
            yield from chunk.people
