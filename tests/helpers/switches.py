"""Switch errors of haplotypes that are in memory."""

from app.domain.accuracy import SwitchErrors
from app.results.truth.switches import Alleles, SwitchCount


def switch_errors(truth: Alleles, phased: Alleles) -> SwitchErrors:
    """Of one chromosome, both [sites, 2 * people]."""
    count = SwitchCount(truth.shape[1] // 2)
    count.add(truth, phased)
    return count.told()
