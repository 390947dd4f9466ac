"""Invented figures, predictions, plans and repaired datasets for the tests of the window."""

from __future__ import annotations

import numpy as np

from app.domain.chain import ChainOffer
from app.domain.comparison import Comparison, Difference
from app.domain.dataset import DataFile, Dataset, DatasetState
from app.domain.finding import Finding, Severity
from app.domain.panel_sites import PanelSiteList
from app.domain.repair import (
    Ledger,
    LedgerLine,
    RepairCode,
    RepairedFile,
    RepairOutcome,
    RepairPlan,
    RepairStep,
    Unresolved,
)
from app.domain.verdict import LostChunk, Outcome, Verdict, VerdictReason
from app.genotypes.figures import Figures
from tests.ui import samples

LABELS = np.array(["AFR", "AMR", "EAS", "EUR", "SAS"])
CENTRES = np.array([[9, 1, 0, 0], [-1, -3, 3, 1], [-6, 6, 1, 0], [-5, -6, 0, 1], [-4, -1, -5, 0]], float)
CHROMOSOMES = tuple(str(n) for n in range(1, 23))


def figures(people: int = 48, chromosomes: tuple[str, ...] = ("20", "21", "22"), seed: int = 3) -> Figures:
    """A cohort with two people of low call rate, an outlier, a sex conflict, twins, and 212 flips."""
    rng = np.random.default_rng(seed)
    rate = 1 - rng.beta(1.2, 160, people)
    rate[[2, 5]] = (0.62, 0.87)
    het = rng.normal(0.31, 0.006, people)
    het[7] = 0.39
    stated = rng.integers(1, 3, people)
    found = stated.copy()
    found[11] = 3 - stated[11]
    x_het = np.where(found == 1, rng.beta(1, 200, people), rng.normal(0.28, 0.03, people))
    kind = rng.choice(5, people, p=(0.1, 0.1, 0.05, 0.7, 0.05))
    chance = rng.dirichlet(np.ones(5) * 0.02, people) * 0.1
    chance[np.arange(people), kind] += 0.9
    chance[4] = (0.3, 0.3, 0.0, 0.4, 0.0)
    reference_kind = np.repeat(np.arange(5), 500)
    made = Figures(
        samples=np.array([f"HD{n:05d}" for n in range(people)]),
        sample_call_rate=rate,
        sample_het=het,
        het_f=(0.31 - het) / 0.31,
        x_het=x_het,
        sex_stated=stated,
        sex_found=found,
        pcs=CENTRES[kind] + rng.normal(0, 0.7, (people, 4)),
        ancestry=chance,
        ancestry_labels=LABELS,
        reference_pcs=CENTRES[reference_kind] + rng.normal(0, 0.6, (2500, 4)),
        reference_label=reference_kind,
        pairs=np.array([[8, 9], [10, 12], [13, 14]]),
        kinship=np.array([0.497, 0.249, 0.121]),
        frequency_source=np.array(["1000G Phase 3 EUR"]),
    )
    return _with_sites(_with_chunks(made, chromosomes, people, rng), rng)


def _with_sites(made: Figures, rng: np.random.Generator) -> Figures:
    here = rng.beta(0.6, 1.6, 3800)
    there = np.clip(here + rng.normal(0, 0.03, 3800), 0, 0.999)
    flipped = rng.beta(0.6, 1.6, 212) * 0.4
    here, there = np.append(here, 1 - flipped), np.append(there, flipped)
    made.frequency_plane = np.histogram2d(here, there, bins=50, range=((0, 1), (0, 1)))[0]
    made.site_chromosomes = np.array(["20"])
    made.compared_chromosome = np.zeros(4012, np.uint16)
    made.compared_position = 61_098 + 1_000 * np.arange(4012)
    made.compared_here, made.compared_reference = here.astype(np.float16), there.astype(np.float16)
    cells = [np.minimum((each * 50).astype(int), 49) for each in (here, there)]
    made.compared_cell = (cells[0] * 50 + cells[1]).astype(np.uint16)
    made.site_codes, made.site_files = np.array(["allele.strand_flip"]), np.array([""])
    made.site_code = made.site_file = made.site_chromosome = np.zeros(212, np.uint16)
    made.site_position = made.compared_position[-212:]
    made.site_here, made.site_reference = made.compared_here[-212:], made.compared_reference[-212:]
    made.frequency = np.histogram(here, bins=100, range=(0, 1))[0]
    made.site_call_rate = np.histogram(1 - rng.beta(1, 120, 4012), bins=100, range=(0, 1))[0]
    return made


def _with_chunks(
    made: Figures, chromosomes: tuple[str, ...], people: int, rng: np.random.Generator
) -> Figures:
    pairs = [(c, n) for c in chromosomes for n in range(max(2, 12 - int(c) // 2 if c.isdigit() else 8))]
    made.chunk_chromosome = np.array([c for c, _ in pairs])
    made.chunk_start = np.array([n * 20_000_000 + 1 for _, n in pairs])
    made.chunk_end = made.chunk_start + 19_999_999
    made.chunk_sites = rng.integers(200, 800, len(pairs))
    made.chunk_overlap = rng.uniform(0.86, 0.99, len(pairs))
    rates = np.asarray(made.sample_call_rate) - rng.beta(1, 60, (len(pairs), people))
    rates[-2:, 2] = (0.31, 0.44)
    made.chunk_call_rate = np.clip(rates, 0, 1).astype(np.float32)
    return made


def refusal() -> Verdict:
    """Too many flips; one of them cannot be mended."""
    return Verdict(
        service_id="michigan",
        service="Michigan Imputation Server",
        panel_id="apps@1000g-phase-3-v5@2.0.0",
        panel="1000 Genomes Phase 3 (Version 5)",
        population="eur",
        outcome=Outcome.REFUSES,
        headline="Michigan would refuse this: 212 strand flips, 100 allowed.",
        remedy="Haplodesk can repair 211.",
        server_says=(
            "Error: More than 100 obvious strand flips have been detected. Please check strand. "
            "Imputation cannot be started!"
        ),
        reasons=(
            VerdictReason(
                code="strand_flips",
                text="212 strand flips, 100 allowed",
                here=212,
                allowed=100,
                repairable=211,
                fix="flip",
            ),
            VerdictReason(
                code="lost.monomorphic",
                text="312 variants without any ALT call are left out",
                stops=False,
                here=312,
                repairable=0,
            ),
        ),
        counters={
            "reference_overlap_pct": 96.72,
            "match": 3491,
            "strand_flip": 212,
            "monomorphic": 312,
            "filter_flag": 0,
        },
        warnings=("2 chunks with call rate < 50 % are left out.",),
        chunks=9,
        chunks_left=7,
        lost_chunks=(
            LostChunk(
                chromosome="22",
                start=20_000_001,
                end=40_000_000,
                reason="call_rate",
                variants=412,
                overlap=0.97,
                people=("HD00002",),
            ),
        ),
        excluded=524,
        rules="imputationserver2 2.0.12; Michigan",
    )


def acceptance() -> Verdict:
    """Would be taken after a lift; without a site list not all could be judged."""
    return Verdict(
        service_id="topmed",
        service="TOPMed Imputation Server",
        panel_id="apps@topmed-r3@1.0.0",
        panel="TOPMed r3",
        outcome=Outcome.PARTLY,
        headline="Nothing was found that TOPMed would refuse, but not everything could be judged.",
        lifted="The server lifts GRCh37 to GRCh38 and loses 12 variants by it.",
        chunks=9,
        chunks_left=9,
        not_judged=("No site list of TOPMed r3 is on this computer, so alleles were not compared.",),
        rules="imputationserver2 2.0.12; TOPMed",
    )


def judged(number: int = 1) -> Dataset:
    """A checked dataset with two predictions and findings that name repairs and people."""
    plain = samples.dataset(number, True)
    assert plain.report is not None
    findings = (
        *plain.report.findings,
        Finding(
            code="allele.strand_flip",
            severity=Severity.SEVERE,
            title="Alleles of the other strand",
            where="20:61098, 20:63231, 20:64139 …",
            count=212,
            what_to_do="Flip them; one stays unclear.",
            fix="flip",
        ),
        Finding(
            code="sample.low_call_rate",
            severity=Severity.WARNING,
            title="People with few calls",
            where="HD00002 (62 %), HD00005 (87 %)",
            count=2,
            what_to_do="Leave them out.",
            fix="drop_samples_call_rate",
        ),
    )
    report = plain.report.model_copy(update={"findings": findings})
    return plain.model_copy(update={"report": report, "verdicts": (acceptance(), refusal())})


def plan() -> RepairPlan:
    """Five steps, one needed, one with a caution."""
    return RepairPlan(
        target="Michigan · 1000G Phase 3",
        before="Michigan would refuse this: 212 strand flips, 100 allowed.",
        after="Michigan would take this: 1 variant is left out.",
        steps=(
            RepairStep(
                code=RepairCode.RECOMPRESS,
                title="Write BGZF files with an index",
                why="One file a chromosome, as the service wants them.",
                optional=False,
            ),
            RepairStep(
                code=RepairCode.FLIP,
                title="Turn alleles to the forward strand",
                why="Their alleles are the complement of those of the panel.",
                sites=211,
                examples=("20:61098 A/G → T/C", "20:63231 C/T → G/A", "20:64139 G/T → C/A"),
            ),
            RepairStep(
                code=RepairCode.PALINDROMIC_FREQUENCY,
                title="Turn A/T and C/G sites by frequency",
                why="Frequencies here and in the panel agree only when they are turned.",
                sites=38,
                caution="Above a minor allele frequency of 0.40 frequencies do not tell the strand.",
                examples=("20:70011 A/T 0.12 here, 0.88 there",),
            ),
            RepairStep(
                code=RepairCode.DROP_SAMPLES_CHUNK,
                title="Leave out people who would cost a chunk",
                samples=1,
                lost_samples=1,
                examples=("HD00002: chr22 20–40 Mb",),
            ),
            RepairStep(
                code=RepairCode.DROP_MONOMORPHIC,
                title="Leave out sites without variation",
                sites=312,
                lost_sites=312,
                chosen=False,
            ),
        ),
        unresolved=(
            Unresolved(
                code="palindromic",
                title="Palindromic sites with frequencies near one half",
                sites=1,
                examples=("20:99001 A/T",),
            ),
        ),
    )


def prepared() -> Dataset:
    """What the plan made of cohort-A."""
    plain = samples.dataset(4, True)
    files = tuple(
        DataFile(path=f"/data/ready/chr{c}.vcf.gz", name=f"chr{c}.vcf.gz", size=9_100_000, modified=1)
        for c in (20, 21, 22)
    )
    outcome = RepairOutcome(
        applied=plan().steps[:4],
        unresolved=plan().unresolved,
        files=tuple(
            RepairedFile(path=f.path, chromosome=f.name[3:5], samples=47, sites=1330, size=f.size)
            for f in files
        ),
        ledger=Ledger(
            sites_in=4003,
            samples_in=48,
            lines=(
                LedgerLine(code="flip", title="Turned to the forward strand", changed_sites=211),
                LedgerLine(code="split_alleles", title="Split into single alleles", added_sites=4),
                LedgerLine(code="drop_mismatch", title="Other alleles than the panel", removed_sites=16),
                LedgerLine(code="drop_samples_chunk", title="Would cost a chunk", removed_samples=1),
            ),
            sites_out=3991,
            samples_out=47,
        ),
        site_log="/data/ready/sites.tsv.gz",
        ready=True,
        verdict="Michigan would take this: 1 variant is left out.",
    )
    return plain.model_copy(
        update={
            "name": "cohort-A ready for Michigan",
            "files": files,
            "state": DatasetState.CHECKED,
            "made_from": "dataset-1",
            "outcome": outcome,
        }
    )


def site_lists() -> tuple[PanelSiteList, ...]:
    """One that is used, one that is not, one that cannot be read."""
    return (
        PanelSiteList(
            id="sites-1",
            name="1000G Phase 3 sites",
            build="GRCh37",
            chromosomes=CHROMOSOMES,
            sites=49_143_605,
            has_frequency=True,
            size=690_000_000,
            panel_keys=(samples.panels()[0].key,),
            added=samples.ago(days=3),
        ),
        PanelSiteList(
            id="sites-2",
            name="HRC.r1-1",
            build="GRCh37",
            sites=39_131_578,
            size=590_000_000,
            added=samples.ago(days=4),
        ),
        PanelSiteList(
            id="sites-3",
            name="CAAPA",
            build="",
            problem="The list is damaged. Remove it and add it again.",
            panel_keys=(samples.panels()[3].key,),
            added=samples.ago(days=9),
        ),
    )


def chain_offer() -> ChainOffer:
    """What could be downloaded."""
    return ChainOffer(
        id="GRCh37_to_GRCh38",
        name="GRCh37_to_GRCh38.chain.gz",
        from_build="GRCh37",
        to_build="GRCh38",
        address="https://example.org/GRCh37_to_GRCh38.chain.gz",
        size=285_250,
        text_sha256="0" * 64,
        confirmed=True,
        terms="No restrictions on use.",
        terms_address="https://example.org/terms",
    )


def comparison() -> Comparison:
    """A server that flipped two sites more than was predicted."""
    return Comparison(
        kind="sites",
        headline="Prediction and server differ at 3 sites.",
        agree=522,
        only_here=1,
        only_there=2,
        differences=(
            Difference(what="Monomorphic", here=312, there=312),
            Difference(what="Strand flip", here=211, there=212, examples=("20:99001", "20:99871")),
        ),
        learned=212,
        learned_text="The panel's alleles at 212 sites were learnt from it.",
        verdict=refusal(),
    )
