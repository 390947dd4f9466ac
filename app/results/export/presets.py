"""What each program for association wants, and the command that uses it.

Sources: the manuals of regenie, SAIGE, BOLT-LMM, PLINK 2, GCTA, PRSice-2 and Hail. Words in capitals stand
for what only the user has: phenotypes, covariates, models of the first step.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.domain.export import ExportFormat, PresetName


@dataclass(frozen=True)
class Preset:
    """How a program wants its files. `command` has places for {stem}, {chromosome} and {reference}.

    `plain_names`: `20` for `chr20`. `sample_list`: also a file with a name a line. `csi`: that index of
    a VCF. `why` is told to the user.
    """

    title: str
    format: ExportFormat
    command: str
    why: str
    plain_names: bool = False
    sample_list: bool = False
    csi: bool = False


PRESETS: Mapping[PresetName, Preset] = {
    PresetName.REGENIE: Preset(
        "regenie, step 2",
        ExportFormat.BGEN,
        "regenie --step 2 --bgen {stem}.bgen --ref-first --sample {stem}.sample --phenoFile PHENOTYPES.txt "
        "--covarFile COVARIATES.txt --pred STEP1_pred.list --bsize 400 --minMAC 5 --out {stem}.regenie",
        "regenie reads no VCF; its fast reader takes BGEN 1.2 with 8 bits, unphased, and REF must be told to "
        "come first. For a trait of two values add --bt --firth --approx.",
        plain_names=True,
    ),
    PresetName.SAIGE: Preset(
        "SAIGE, step 2",
        ExportFormat.BGEN,
        "Rscript step2_SPAtests.R --bgenFile={stem}.bgen --bgenFileIndex={stem}.bgen.bgi "
        "--sampleFile={stem}.samples.txt --AlleleOrder=ref-first --chrom={chromosome} --minMAF=0 --minMAC=20 "
        "--GMMATmodelFile=STEP1.rda --varianceRatioFile=STEP1.varianceRatio.txt --LOCO=TRUE "
        "--SAIGEOutputFile={stem}.saige.txt",
        "SAIGE wants one file a chromosome, the name of the chromosome as it stands in the file, and a list "
        "of samples without a header.",
        sample_list=True,
    ),
    PresetName.SAIGE_VCF: Preset(
        "SAIGE, step 2, from VCF",
        ExportFormat.VCF,
        "Rscript step2_SPAtests.R --vcfFile={stem}.vcf.gz --vcfFileIndex={stem}.vcf.gz.csi --vcfField=DS "
        "--chrom={chromosome} --minMAF=0 --minMAC=20 --GMMATmodelFile=STEP1.rda "
        "--varianceRatioFile=STEP1.varianceRatio.txt --LOCO=TRUE --SAIGEOutputFile={stem}.saige.txt",
        "SAIGE reads the dosages of a VCF (DS) by its .csi index, one file a chromosome, the name of the "
        "chromosome as it stands in the file. From BGEN it is faster.",
        csi=True,
    ),
    PresetName.BOLT: Preset(
        "BOLT-LMM",
        ExportFormat.BGEN,
        "bolt --lmm --bfile=GENOTYPED --phenoFile=PHENOTYPES.txt --phenoCol=TRAIT --covarFile=COVARIATES.txt "
        "--qCovarCol=COVARIATE "
        "--LDscoresFile=LDSCORE.tab.gz --geneticMapFile=GENETIC_MAP.txt.gz --bgenFile={stem}.bgen "
        "--sampleFile={stem}.sample --bgenMinMAF=0.001 --bgenMinINFO=0.3 "
        "--statsFile={stem}.genotyped.stats.gz --statsFileBgenSnps={stem}.stats.gz --verboseStats",
        "The model comes from array genotypes (BED); imputed variants are tested from BGEN 1.2 with 8 bits. "
        "Family IDs are those of people, in all files. ALLELE1 of the output, whose effect is told, is REF.",
        plain_names=True,
    ),
    PresetName.PLINK2: Preset(
        "PLINK 2",
        ExportFormat.PGEN,
        "plink2 --pfile {stem} --glm hide-covar --pheno PHENOTYPES.txt --covar COVARIATES.txt "
        "--covar-variance-standardize --out {stem}.plink2",
        "PGEN keeps dosages and their phase.",
    ),
    PresetName.GCTA: Preset(
        "GCTA fastGWA",
        ExportFormat.BED,
        "gcta64 --bfile {stem} --grm-sparse SPARSE_GRM --fastGWA-mlm --pheno PHENOTYPES.txt "
        "--qcovar COVARIATES.txt --thread-num 4 --out {stem}.gcta",
        "GCTA reads hard calls: dosages that are not near a call are missing. Family IDs are 0: phenotypes "
        "and covariates begin with 0 and the ID.",
        plain_names=True,
    ),
    PresetName.PRSICE: Preset(
        "PRSice-2",
        ExportFormat.BED,
        "PRSice --base SUMMARY_STATISTICS.txt --target {stem} --ignore-fid --pheno PHENOTYPES.txt "
        "--binary-target F --out {stem}.prsice",
        "Scores are made of hard calls: dosages that are not near a call are missing. The first column of "
        "the phenotypes is the ID.",
        plain_names=True,
    ),
    PresetName.HAIL: Preset(
        "Hail",
        ExportFormat.VCF,
        "python -c \"import hail as hl; hl.import_vcf('{stem}.vcf.gz', force_bgz=True, "
        "reference_genome='{reference}', array_elements_required=False).write('{stem}.mt')\"",
        "Hail reads VCF with DS and HDS as they are; names of chromosomes must be those of its reference.",
    ),
}


_USUAL = re.compile(r"(chr)?([0-9]|1[0-9]|2[0-6]|X|Y|XY|MT?|PAR[12])", re.IGNORECASE)
"""Names of chromosomes that PLINK 2 knows."""


def needs_extra_names(chromosomes: Iterable[str]) -> bool:
    """Whether PLINK 2 must be told to take names such as those of HLA contigs."""
    return not all(map(_USUAL.fullmatch, chromosomes))


def command_of(preset: PresetName, stem: str, chromosomes: tuple[str, ...]) -> str:
    """The command for the files called `stem`, in words that a shell takes."""
    first = chromosomes[0] if chromosomes else "CHROMOSOME"
    reference = "GRCh38" if first.startswith("chr") else "GRCh37"
    safe = shlex.quote(stem)
    if preset is PresetName.HAIL:
        safe = stem if not set(stem) & set("'\"$`\\\n") else "RESULT"
    command = PRESETS[preset].command
    if preset is PresetName.PLINK2 and needs_extra_names(chromosomes):
        command = command.replace(" --glm ", " --allow-extra-chr --glm ", 1)
    return command.format(stem=safe, chromosome=shlex.quote(first), reference=reference)
