"""How good a result is, measured once: what the views, the report and the command line show of it.

Typed sites and imputed ones are never put together here. A site is *imputed* when the array did not have it,
*typed* when the array had it and the panel too, *array only* when only the array had it.
"""

from app.domain.model import Model


class SiteGroup(Model):
    """R2 and ER2 of a group of sites.

    `mean_r2`, `share_r2_03` and `share_r2_08` are of the imputed sites with an R2, `typed_r2` and `mean_er2`
    of the typed ones. `recomputed_r2` is the mean R2 computed from the dosages of the imputed sites, and
    `r2_difference` the mean of |recomputed − written| where both are known. None where nothing is known.
    """

    imputed: int = 0
    typed: int = 0
    array_only: int = 0
    mean_r2: float | None = None
    median_r2: float | None = None
    share_r2_03: float | None = None
    share_r2_08: float | None = None
    typed_r2: float | None = None
    mean_er2: float | None = None
    recomputed_r2: float | None = None
    r2_difference: float | None = None


class MafFigures(Model):
    """A range of minor allele frequency: lower end within, upper end not, but for the last."""

    maf_from: float
    maf_to: float
    sites: SiteGroup


class ChromosomeFigures(Model):
    """A chromosome, between its first and its last position in the result."""

    chromosome: str
    first: int
    last: int
    sites: SiteGroup


class ChunkFigures(Model):
    """A stretch of a chromosome as servers cut it; both ends belong to it."""

    chromosome: str
    first: int
    last: int
    sites: SiteGroup


class LeftOut(Model):
    """Typed sites imputed as if they had not been typed, beside what was typed.

    `concordance` counts all genotypes and says little of rare variants; `nonref_concordance` those where
    the typed or the imputed one carries ALT; `iqs` is agreement beyond chance, the mean of the sites where
    it is defined; `r2` the mean squared correlation of dosage and typed allele count.
    """

    maf_from: float
    maf_to: float
    sites: int
    genotypes: int
    concordance: float | None
    nonref_concordance: float | None
    iqs: float | None
    r2: float | None


class CalibrationBin(Model):
    """Left-out dosages in a range, their mean, and the mean count of ALT that was typed."""

    dose_from: float
    dose_to: float
    genotypes: int
    mean_dose: float | None
    mean_typed: float | None


class FrequencyOutlier(Model):
    """A site whose ALT frequency differs much from the panel's."""

    chrom: str
    pos: int
    ref: str
    alt: str
    result: float
    panel: float
    typed: bool


class FrequencyFigures(Model):
    """ALT frequencies of the result beside those of the panel or a population.

    `r2` is their squared correlation. The worst outliers are named, at most 1,000.
    """

    sites: int
    absent: int
    r2: float | None
    over_01: int
    over_02: int
    outliers: tuple[FrequencyOutlier, ...] = ()


class PersonOutlier(Model):
    """A sample (by its place in the file, from 0) with a figure far from the others': a robust z over 5."""

    sample: int
    figure: str
    value: float
    z: float


class Gap(Model):
    """A stretch without any variant, between two that are there; `at_border`: where two chunks meet."""

    chromosome: str
    first: int
    last: int
    at_border: bool


class SuspectSite(Model):
    """A typed site that the panel does not believe: high R2, low ER2."""

    chrom: str
    pos: int
    ref: str
    alt: str
    r2: float
    er2: float


class QualityFigures(Model):
    """Everything that was measured of a result, but for the tables behind the plots.

    `doses`: whether dosages were read, not only info files.
    """

    samples: int
    whole: SiteGroup
    by_maf: tuple[MafFigures, ...] = ()
    by_chromosome: tuple[ChromosomeFigures, ...] = ()
    by_chunk: tuple[ChunkFigures, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    left_out_whole: LeftOut | None = None
    calibration: tuple[CalibrationBin, ...] = ()
    frequency: FrequencyFigures | None = None
    people: tuple[PersonOutlier, ...] = ()
    gaps: tuple[Gap, ...] = ()
    suspects: tuple[SuspectSite, ...] = ()
    doses: bool = False


class Kept(Model):
    """What a cut-off keeps of the imputed sites.

    `mean_r2` is the quality to expect of those kept. Typed and array-only sites are always kept and not
    counted. Sites without an R2 count in `before` only.
    """

    before: int
    after: int
    mean_r2: float | None
    by_maf: tuple["KeptBin", ...] = ()


class KeptBin(Model):
    """The same for a range of minor allele frequency."""

    maf_from: float
    maf_to: float
    cut: float
    before: int
    after: int
    mean_r2: float | None
