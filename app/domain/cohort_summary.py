"""What the people in a dataset look like, in numbers only."""

from __future__ import annotations

from app.domain.model import Model


class AncestryShare(Model):
    """People of one population of the reference; `label` is AFR, AMR, EAS, EUR, SAS or `uncertain`."""

    label: str
    people: int


class CohortSummary(Model):
    """Figures of a check of the samples. None where they could not be told; `why` then says why not.

    `related` counts pairs by degree (`duplicate`, `first`, `second`, `third`). `sex` counts people by what
    the X chromosome says (`male`, `female`, `unclear`), `sex_conflicts` those who are stated otherwise.
    `reference` is how sure the format is of REF (known, provisional, unknown). `strand` is the coding met
    (`plus`, `top`, `mixed`, `ab`, `12`, empty when it was not judged).
    """

    formats: tuple[str, ...] = ()
    reference: str = ""
    strand: str = ""
    call_rate: float | None = None
    low_call_samples: int = 0
    het_outliers: int = 0
    sex: dict[str, int] = {}
    sex_conflicts: int = 0
    related: dict[str, int] = {}
    ancestry: tuple[AncestryShare, ...] = ()
    ancestry_sites: int = 0
    looks_imputed: bool = False
    looks_sequenced: bool = False
    why: dict[str, str] = {}
