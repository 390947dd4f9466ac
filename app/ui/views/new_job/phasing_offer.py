"""Whether data can be phased on this computer before they are sent, and with what. No Qt in here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.dataset import Dataset
from app.domain.panel import Panel
from app.domain.parameter import Form
from app.domain.service import Service
from app.operations.no_phasing import no_phasing

PHASING_FIELD = "phasing"
BEAGLE = "beagle"


@dataclass(frozen=True)
class PhasingOffer:
    """Panels (id, name) of this computer that fit the data.

    `needed`: the application takes phased data and does not phase. `several`: the data go to several
    services. `lacking` says which panel would fit where none does.
    """

    panels: tuple[tuple[str, str], ...] = ()
    needed: bool = False
    several: bool = False
    lacking: str = ""

    @property
    def shown(self) -> bool:
        """Where nothing is needed and nothing possible, nothing is said."""
        return self.needed or bool(self.panels)


def offer_for_one(
    form: Form | None, panel_id: str, service: Service | None, dataset: Dataset | None
) -> bool | None:
    """Whether data that go to one service can be phased first: needed, a matter of taste, or None for not.

    A service that phases anew whatever it gets has no use for it, nor has this computer itself.
    """
    report = dataset.report if dataset is not None else None
    if form is None or service is None or report is None or report.phased is not False:
        return None
    if form.phased:
        return True
    return None if service.is_here or no_phasing(form, panel_id) is None else False


def fitting_panels(
    services: Sequence[Service], panels: Sequence[Panel], dataset: Dataset | None
) -> tuple[tuple[str, str], ...]:
    """Panels of this computer in the build of the data, with all their chromosomes: with these the data can
    be phased here.
    """
    report = dataset.report if dataset is not None else None
    build = _build_of(dataset)
    if report is None or not build:
        return ()
    here = {each.id for each in services if each.is_here and each.enabled}
    wanted = set(report.chromosomes)
    return tuple(
        (each.id, each.name)
        for each in panels
        if each.service_id in here
        and each.build == build
        and (not each.chromosomes or wanted <= set(each.chromosomes))
    )


def lacking_words(dataset: Dataset | None) -> str:
    """What a panel has to have for these data: “GRCh37 with chromosomes 1–22”."""
    report = dataset.report if dataset is not None else None
    build = _build_of(dataset) or "their build"
    if report is None or not report.chromosomes:
        return build
    names = report.chromosomes
    shown = ", ".join(names) if len(names) <= 4 else f"{names[0]} … {names[-1]}"
    return f"{build} with chromosome{'s' if len(names) > 1 else ''} {shown}"


def _build_of(dataset: Dataset | None) -> str:
    if dataset is None or dataset.report is None:
        return ""
    return dataset.stated_build or dataset.report.build.value or ""


def beagle_is_here(form: Form | None) -> bool:
    """Whether Beagle is among the engines of this computer; where nobody looked yet it may be tried.

    `form` is that of the imputation on this computer.
    """
    phasing = form.parameter(PHASING_FIELD) if form is not None else None
    return phasing is None or any(each.key == BEAGLE for each in phasing.choices)
