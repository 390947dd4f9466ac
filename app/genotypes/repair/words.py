"""What repairs are called and why they are made."""

from __future__ import annotations

from app.domain.repair import RepairCode as R

TITLES: dict[R, str] = {
    R.RECOMPRESS: "Write BGZF files with an index",
    R.SORT: "Sort by position",
    R.SPLIT_CHROMOSOMES: "Write one file a chromosome",
    R.RENAME_CHROMOSOMES: "Name chromosomes as the build does",
    R.RENAME_SAMPLES: "Give samples names that every program takes",
    R.STRIP_FIELDS: "Keep the genotypes only",
    R.CLEAR_FILTER: "Clear the FILTER column",
    R.UPPER_CASE: "Write alleles in capitals",
    R.SPLIT_ALLELES: "Split records with several ALT alleles",
    R.NORMALISE: "Trim bases that both alleles share",
    R.DROP_INVALID_ALLELES: "Leave out alleles that are no bases",
    R.DROP_INDELS: "Leave out insertions and deletions",
    R.DROP_DUPLICATES: "Keep the best of duplicate sites",
    R.MERGE_DUPLICATES: "Merge duplicate sites that agree",
    R.DROP_MONOMORPHIC: "Leave out sites where nobody has the ALT allele",
    R.RESTORE_REFERENCE: "Restore the reference allele",
    R.FLIP: "Turn sites of the other strand",
    R.SWITCH: "Exchange REF and ALT, with the genotypes",
    R.FLIP_SWITCH: "Turn the strand and exchange REF and ALT",
    R.PALINDROMIC_FREQUENCY: "Orient A/T and C/G sites by their frequency",
    R.PALINDROMIC_LD: "Orient A/T and C/G sites by their neighbours",
    R.DROP_PALINDROMIC: "Leave out A/T and C/G sites of unclear strand",
    R.DROP_MISMATCH: "Leave out sites with other alleles than the panel",
    R.DROP_FREQUENCY: "Leave out sites of quite another frequency than in the panel",
    R.DROP_BAD_POSITION: "Leave out impossible positions",
    R.UPDATE_POSITION: "Move sites to the position of their identifier",
    R.DROP_SITES_CALL_RATE: "Leave out sites with too many missing calls",
    R.DROP_SITES_HWE: "Leave out sites far from Hardy–Weinberg proportions",
    R.DROP_TYPED_ONLY: "Leave out sites that the panel does not have",
    R.DROP_CHROMOSOMES: "Leave out chromosomes that are not imputed",
    R.DROP_SAMPLES_CALL_RATE: "Leave out samples with too many missing calls",
    R.DROP_SAMPLES_CHUNK: "Leave out samples that would cost a whole chunk",
    R.DROP_SAMPLES_DUPLICATE: "Keep one of each pair of duplicate samples",
    R.DROP_SAMPLES_HET: "Leave out samples of unusual heterozygosity",
    R.DROP_SAMPLES: "Leave out the named samples",
    R.THIN: "Thin to the density of an array",
    R.MALE_HETS: "Set heterozygous calls of men on X missing",
    R.CONSTANT_PLOIDY: "Make the ploidy of each sample constant on X",
    R.HALF_CALLS: "Set half-missing calls missing",
    R.X_REGIONS: "Join the regions of X",
    R.LIFTOVER: "Lift to the build of the panel",
    R.BATCHES: "Split into balanced batches",
    R.DROP_LINKAGE: "Leave out sites that do not fit their neighbours",
    R.DROP_UNKNOWN_REFERENCE: "Leave out sites whose reference allele is not known",
    R.EXCHANGE_LETTERS: "Exchange the letters of REF and ALT, not the genotypes",
    R.DROP_UNKNOWN_ALLELE: "Leave out sites of which only one allele is known",
    R.DROP_SITES: "Leave out the named sites",
}

NUMBERS: dict[R, int] = {code: number for number, code in enumerate(R, start=1)}
CODES: tuple[R, ...] = tuple(R)
