"""What a job does, in a process of its own: checks, phasing and imputation, archives.

Steps and messages are those of imputationserver2 (`cloudgene.md` 4.3, 7.2, 7.8), but for one: data of
another build than the panel are refused, as there are no chain files here to lift them over.
"""

from __future__ import annotations

import html
import shutil
from pathlib import Path

from app.domain.problem import ProblemError
from app.domain.progress import Report
from app.genotypes.server.panel_sites import SitesFiles
from app.genotypes.server_qc import ServerQcAnswer, ServerQcParameters, run_server_qc
from app.practice.imputing import Target, impute_targets, keep_sites
from app.practice.orders import ERROR, OK, JobOrder, JobOutcome, Teller
from app.practice.passwords import server_password
from app.practice.quality import control_messages, write_files

_NO_CHUNKS = "No chunks passed the QC step. Imputation cannot be started!"
_NO_FILES = "No vcf.gz input files detected."
_NO_CHAIN = (
    "Uploaded data is {} and the reference panel is {}. The practice server has no chain files and lifts "
    "nothing over. Please use the panel of the build of your data."
)
_NOT_INDEXED = "The provided VCF file is malformed."


def run_job(order: JobOrder, report: Report) -> JobOutcome:
    """Do the whole job. Everything a client sees is told by messages; the outcome only says how it ended."""
    with Teller(Path(order.folder) / "events.jsonl", report) as teller:
        order.output_folder().mkdir(parents=True, exist_ok=True)
        order.work_folder().mkdir(parents=True, exist_ok=True)
        try:
            success = _check(order, teller)
        except ProblemError as error:
            teller.message(ERROR, html.escape(error.problem.sentence()))
            teller.log(error.problem.details or error.problem.sentence())
            success = False
        finally:
            shutil.rmtree(order.work_folder(), ignore_errors=True)
        return JobOutcome(success=success)


def _check(order: JobOrder, teller: Teller) -> bool:
    """The first two steps, and the rest when nothing stands against it."""
    teller.step("Input Validation")
    teller.running("Validating input files")
    files = sorted(name for name in order.files if name.endswith(".vcf.gz"))
    if not files:
        teller.message(ERROR, _NO_FILES)
        return False
    answer = run_server_qc([order.input_folder() / name for name in files], _parameters(order), _sites(order))
    if answer.stage in ("index", "validate"):
        teller.message(ERROR, answer.error or f"{_NOT_INDEXED}\n{html.escape(answer.index_error)}")
        return False
    if order.inputs["build"] != order.panel.build:
        teller.message(ERROR, _NO_CHAIN.format(order.inputs["build"], order.panel.build))
        return False
    teller.message(OK, _valid(order, answer, len(files)))
    if order.failing_qc:
        answer = answer.model_copy(update={"accepted": False, "stage": "qc", "error": _NO_CHUNKS})
    teller.step("Quality Control")
    for kind, text in control_messages(answer):
        teller.message(kind, text)
    write_files(answer, order.output_folder())
    if not answer.accepted:
        return False
    if order.inputs["mode"] == "imputation":
        return _impute(order, teller, answer, files)
    teller.step("Summary")
    teller.message(OK, "Quality control was done. Your results are ready.")
    return True


def _parameters(order: JobOrder) -> ServerQcParameters:
    panel, limits, inputs = order.panel, order.limits, order.inputs
    rules = panel.qc_filter
    return ServerQcParameters(
        panel_id=panel.id,
        build=inputs["build"],
        panel_build=panel.build,
        population=inputs["population"],
        populations={each.id: each.samples for each in panel.populations},
        phasing=inputs["phasing"],
        min_samples=limits.min_samples,
        max_samples=limits.max_samples,
        chunk_size=limits.chunk_size,
        phasing_window=limits.phasing_window,
        overlap=rules.overlap,
        min_snps=rules.min_snps,
        sample_call_rate=rules.sample_call_rate,
        mixed_genotypes=rules.mixed_genotypes_chr_x,
        strand_flips=rules.strand_flips,
        allele_switches=rules.allele_switches,
        contact=order.text.name,
        contact_mail=order.text.mail,
    )


def _sites(order: JobOrder) -> SitesFiles:
    any_file = next(iter(order.panel.chromosomes.values()))
    return SitesFiles(str(Path(any_file.sites).parent), "sites.chr$chr.gz")


def _valid(order: JobOrder, answer: ServerQcAnswer, files: int) -> str:
    panel, inputs = order.panel, order.inputs
    lines = [
        f"{files} valid VCF file(s) found.",
        "",
        f"Samples: {answer.samples}",
        f"Chromosomes: {' '.join(answer.chromosomes or ())}",
        f"SNPs: {answer.snps}",
        f"Chunks: {answer.chunks_total}",
        f"Datatype: {'phased' if answer.phased else 'unphased'}",
        f"Build: {inputs['build']}",
        f"Reference Panel: {panel.id} ({panel.build})",
        f"Population: {inputs['population']}",
        f"Phasing: {inputs['phasing']}",
        f"Mode: {inputs['mode']}",
    ]
    if inputs["r2Filter"] != "0":
        lines.append(f"Rsq filter: {inputs['r2Filter']}")
    return "\n".join(lines)


def _impute(order: JobOrder, teller: Teller, answer: ServerQcAnswer, files: list[str]) -> bool:
    teller.step("Phasing and Imputation")
    teller.running("Phasing")
    own = "password" in order.inputs
    password = order.inputs["password"] if own else server_password()
    order = order.model_copy(update={"inputs": {**order.inputs, "password": password}})
    targets = _targets(order, answer, files)
    last: list[tuple[str, int, int]] = []

    def tell(title: str, done: int, total: int) -> None:
        if last != [(title, done, total)]:
            last[:] = [(title, done, total)]
            teller.running(title, done, total)

    impute_targets(order, targets, tell)
    chunks = sum(len(each.chunks) for each in targets)
    teller.message(OK, f"<b>Imputation ({chunks}/{chunks})</b>")
    teller.step("Summary")
    teller.message(OK, _summary(order, None if own else password))
    return True


def _targets(order: JobOrder, answer: ServerQcAnswer, files: list[str]) -> list[Target]:
    """The chromosomes with a chunk that is left, each without the sites that were excluded."""
    targets = []
    for name, chromosome in zip(files, answer.chromosomes or (), strict=True):
        bare = "X" if chromosome == "23" else chromosome
        chunks = tuple(_range(each) for each in answer.chunks if each.startswith(f"chunk_{bare}_"))
        if not chunks:
            continue
        excluded = frozenset(
            (str(each.position).encode(), each.ref.encode(), each.alt.encode())
            for each in answer.excluded_sites
            if each.chromosome.removeprefix("chr") in (chromosome, bare)
        )
        path = order.work_folder() / f"passed.{bare}.vcf.gz"
        keep_sites(order.input_folder() / name, path, order.panel.contig(bare), excluded, chunks)
        targets.append(Target(bare, path, chunks))
    return targets


def _range(chunk: str) -> tuple[int, int]:
    """First and last base of `chunk_20_0000000001_0020000000`."""
    _, first, last = chunk.rsplit("_", 2)
    return int(first), int(last)


def _summary(order: JobOrder, password: str | None) -> str:
    told = f"Data have been exported successfully. No mail was sent to {html.escape(order.text.mail)}."
    if password is None:
        return told
    return (
        f"{told}\nEmail notification is disabled. "
        f"All results are encrypted with password <b>{html.escape(password)}</b>"
    )
