"""What can be said about files: one pure function a check, with stable codes.

May import genotypes and domain; a new check is a function here, named in the list it belongs to.
"""

from collections.abc import Callable, Iterable, Sequence

from app.domain.finding import Finding
from app.genotypes.checks import (
    across,
    calls,
    chromosomes,
    cohort_content,
    cohort_frequency,
    cohort_missing,
    cohort_panel,
    cohort_people,
    cohort_reference,
    cohort_variants,
    container,
    headers,
    samples,
    sites,
    x_ploidy,
)
from app.genotypes.checks.cohort_subject import CohortSubject
from app.genotypes.checks.finding_of import Subject

FILE_CHECKS: tuple[Callable[[Subject], Iterable[Finding]], ...] = (
    container.completeness,
    container.compression,
    container.other_format,
    headers.byte_order_mark,
    headers.file_format,
    headers.columns,
    headers.lines,
    headers.empty,
    samples.presence,
    samples.duplicates,
    samples.names,
    samples.number,
    chromosomes.names,
    chromosomes.not_offered,
    chromosomes.one_a_file,
    chromosomes.prefix,
    chromosomes.build,
    chromosomes.old_build,
    chromosomes.order,
    chromosomes.positions,
    calls.presence,
    calls.codes,
    calls.ploidy,
    calls.phase,
    x_ploidy.mixed_ploidy,
    sites.alleles,
    sites.duplicates,
    sites.call_rate,
    samples.call_rate,
    sites.density,
    headers.imputed,
    sites.monomorphic,
    container.index,
)

ACROSS_CHECKS: tuple[Callable[[Sequence[Subject]], Iterable[Finding]], ...] = (
    across.file_names,
    across.chromosomes,
    across.samples,
    across.builds,
)

COHORT_CHECKS: tuple[Callable[[CohortSubject], Iterable[Finding]], ...] = (
    cohort_content.coding,
    cohort_content.density,
    cohort_content.variants_only,
    cohort_panel.alleles,
    cohort_panel.overlap,
    cohort_reference.references,
    cohort_people.ancestry,
    cohort_frequency.frequencies,
    cohort_variants.variants,
    cohort_variants.mendel,
    cohort_missing.differing,
    cohort_people.call_rates,
    cohort_people.heterozygosity,
    cohort_people.relatives,
    cohort_people.sex,
)
