"""People in the report: how many have which figure, and those far from the others; no names unless wanted."""

from __future__ import annotations

import numpy as np

from app.genotypes.reporting.hiding import Hiding
from app.results.figures.measuring import Measured
from app.results.reporting.content import Block, Figure, Section, Table, Text
from app.results.reporting.plots import far_people, people_histogram

_LABELS = {
    "het_rate": "Heterozygosity at well imputed common variants",
    "fuzziness": "Mean distance of dosages from a whole number",
    "certainty": "Mean probability of the likeliest genotype",
    "concordance": "Concordance at typed variants",
    "nonref_concordance": "Non-reference concordance at typed variants",
}
_LEFT_OUT = frozenset(("concordance",))


def people_section(measured: Measured, hiding: Hiding) -> Section | None:
    """Histograms, how many lie far from the others and, where names are wanted, who they are."""
    people, samples = measured.tables.people, measured.tables.samples
    shown = {name: values for name, values in people.items() if name not in _LEFT_OUT}
    blocks: list[Block] = []
    for name, values in shown.items():
        drawing = people_histogram(values, _LABELS.get(name, name))
        if drawing is not None:
            blocks.append(Figure(drawing, "A dashed bar stands for people whose number is not shown."))
    rows = [
        (_LABELS.get(name, name), float(np.nanmedian(values)), hiding.people(far_people(values)))
        for name, values in shown.items()
        if np.isfinite(values).any()
    ]
    if rows:
        blocks.append(Table(("Figure", "Median", "People far from the others (robust z over 5)"), rows))
    if hiding.off and measured.figures.people:
        who = [
            (samples[each.sample], _LABELS.get(each.figure, each.figure), each.value, each.z)
            for each in measured.figures.people
            if each.sample < len(samples)
        ]
        blocks += [Text("Who they are"), Table(("Sample", "Figure", "Value", "Robust z"), who)]
    return Section("People", blocks) if blocks else None
