"""`impute`: files in, files out, on this computer."""

from __future__ import annotations

import errno
import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from app import __version__
from app.cli.output import pairs, table
from app.cli.program import Session
from app.cli.work.impute_order import AUTO, Order
from app.cli.work.quick_rule import under_any_rule
from app.domain.problem import Kind, problem
from app.genotypes.bgzf import read_lines
from app.genotypes.matrix import bare_name, compared_name, matrix_pieces
from app.imputation.allocator import give_freed_memory_back, unload_code
from app.imputation.built_in.choice import KernelChoice
from app.imputation.contract import EngineName, ImputationFiles, ImputationRequest, PhasingName
from app.imputation.engines import find_engine
from app.imputation.kernel_choice import kernel_versions, refuse_absent_kernel
from app.imputation.panel_format.reader import Panel, is_packed_panel
from app.imputation.run import impute_files
from app.operations.ordinary_file import files_inside, readable_stat

RUN_FILE = "run.json"
_PIECE_BYTES = 1 << 16
_Made = tuple[dict[str, object], Sequence[ImputationFiles]]
"""The content of `run.json`, and the files of each request."""


def impute(session: Session, order: Order) -> None:
    """Impute every chromosome of every file, one after the other; `run.json` tells what was done.

    Results are under the rule of the files and of the panel, which stands beside them.
    """
    give_freed_memory_back()
    unload_code()
    _refuse_absent(EngineName(order.engine))
    if order.engine == EngineName.BUILTIN:
        refuse_absent_kernel(KernelChoice(order.kernel))
    targets, panels = _readable(order.files), _readable(order.panel_file)
    _readable(order.map)
    began = time.monotonic()
    requests = list(_requests(order, [_looked_at(each) for each in targets], panels))
    _refuse_twice(requests)
    with _told_of_the_disk(order.out):
        order.out.mkdir(parents=True, exist_ok=True)
    work = partial(_imputed, session, order, requests, began)
    record, made = under_any_rule(session, [*targets, *panels], order.out, work, _genotypes)
    session.out.answer(record, _lines(order, made))


def _imputed(session: Session, order: Order, requests: Sequence[ImputationRequest], began: float) -> _Made:
    with _told_of_the_disk(order.out):
        made = [_one(session, request) for request in requests]
        record = _record(order, requests, made, time.monotonic() - began)
        _write(order.out / RUN_FILE, record)
    return record, made


def _genotypes(made: _Made) -> list[Path]:
    """The files that say something of people."""
    return [path for each in made[1] for path in (each.dose, each.empirical) if path is not None]


@contextmanager
def _told_of_the_disk(out: Path) -> Iterator[None]:
    """A folder that cannot be written to, or a disk without room, in a sentence."""
    try:
        yield
    except BrokenPipeError:  # of the terminal
        raise
    except OSError as error:
        no_room = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise problem(
            Kind.DISK,
            "The disk is full" if no_room else "The results cannot be written",
            f"{out}: {error.strerror or error}.",
            "Make room on it, or choose another folder with --out; then start again."
            if no_room
            else "Look whether this folder may be written to, or choose another one with --out.",
            subject=str(out),
            details=str(error),
        ) from error


def _one(session: Session, request: ImputationRequest) -> ImputationFiles:
    title = f"Imputing chromosome {bare_name(request.chromosome)}"
    session.out.note(f"{title}: {request.target_vcf.name} from {request.panel_vcf.name}")
    # In this process: a second one takes longer to start than a small job, and its memory besides.
    return impute_files(request, partial(session.out.bar.show, title))


def _refuse_absent(engine: EngineName) -> None:
    if not find_engine(engine).present:
        raise problem(
            Kind.NOT_FOUND,
            f"{engine} is not on this computer",
            f"The program '{engine}' was not found.",
            "Install it, or choose --engine builtin.",
            subject=str(engine),
        )


def _readable(files: Sequence[Path]) -> list[Path]:
    """The files, folders replaced by the genotype files in them; ProblemError when one cannot be read."""
    found: list[Path] = []
    for each in files:
        found += files_inside(each) if each.is_dir() else [each]
    for path in found:
        readable_stat(path)
    return found


@dataclass(frozen=True)
class _Target:
    """A file of people: its chromosomes, and whether every heterozygous genotype is phased."""

    path: Path
    chromosomes: tuple[str, ...]
    phased: bool


def _looked_at(path: Path) -> _Target:
    """Read a VCF once, in pieces; ProblemError where there is nothing to impute."""
    names: dict[str, None] = {}
    people, phased = 0, True
    for piece in matrix_pieces(path, piece_bytes=_PIECE_BYTES):
        people, phased = len(piece.samples), phased and bool(piece.phased.all())
        names.update(dict.fromkeys(piece.chromosomes.tolist()))
    if not people:
        raise problem(
            Kind.INPUT,
            "The file cannot be imputed",
            "It holds no genotypes.",
            "Look at it with 'haplodesk check'.",
            subject=path.name,
        )
    return _Target(path, tuple(dict.fromkeys(map(compared_name, names))), phased)


def _requests(
    order: Order, targets: Sequence[_Target], panels: Sequence[Path]
) -> Iterator[ImputationRequest]:
    for target in targets:
        for chromosome in target.chromosomes:
            yield ImputationRequest(
                panel_vcf=_of_chromosome(panels, chromosome, "panel"),
                target_vcf=target.path,
                out_dir=order.out,
                chromosome=chromosome,
                engine=EngineName(order.engine),
                phasing=_phasing(order, target),
                map_file=_of_chromosome(order.map, chromosome, "map") if order.map else None,
                min_r2=order.min_r2,
                threads=order.processors,
                memory_mb=order.memory,
                seed=order.seed,
                kernel=KernelChoice(order.kernel),
            )


def _phasing(order: Order, target: _Target) -> PhasingName:
    if order.phasing != AUTO:
        return PhasingName(order.phasing)
    if target.phased:
        return PhasingName.NONE
    return PhasingName.BEAGLE if order.engine == EngineName.BEAGLE else PhasingName.BUILTIN


def _of_chromosome(files: Sequence[Path], chromosome: str, what: str) -> Path:
    """The only file, else the one whose first record lies on the chromosome."""
    if len(files) == 1:
        return files[0]
    found = [path for path in files if _first_chromosome(path) == compared_name(chromosome)]
    if len(found) == 1:
        return found[0]
    raise problem(
        Kind.INPUT,
        f"Which {what} belongs to chromosome {chromosome}?",
        f"{len(found)} of the {len(files)} files begin with it.",
        f"Give one --{'panel-file' if what == 'panel' else what} for each chromosome.",
        subject=chromosome,
    )


def _first_chromosome(path: Path) -> str:
    if is_packed_panel(path):
        with Panel.open(path) as panel:
            return compared_name(panel.contig)
    for line in read_lines(path):
        if line.strip() and not line.startswith((b"#", b"chr\t", b"pos", b"position")):
            return compared_name(line.split()[0].decode(errors="replace"))
    return ""


def _refuse_twice(requests: Sequence[ImputationRequest]) -> None:
    seen = [request.chromosome for request in requests]
    double = next((each for each in seen if seen.count(each) > 1), None)
    if double is not None:
        raise problem(
            Kind.INPUT,
            "A chromosome comes twice",
            f"Two of the files hold chromosome {double}; their results would have the same names.",
            "Impute them one after the other into different folders.",
            subject=double,
        )


def _record(
    order: Order, requests: Sequence[ImputationRequest], made: Sequence[ImputationFiles], seconds: float
) -> dict[str, object]:
    """The content of `run.json`: engine, versions, parameters, seconds, memory, and what came out."""
    engine = find_engine(EngineName(order.engine))
    is_own = order.engine == EngineName.BUILTIN
    more = kernel_versions(KernelChoice(order.kernel)) if is_own else {}
    return {
        "engine": engine.name,
        "versions": {engine.name: engine.version, "haplodesk": __version__, **more},
        "parameters": {
            "phasing": order.phasing,
            "kernel": order.kernel,
            "min_r2": order.min_r2,
            "threads": order.processors,
            "memory_mb": order.memory,
            "seed": order.seed,
            "files": [str(each) for each in order.files],
            "panel_files": [str(each) for each in order.panel_file],
            "maps": [str(each) for each in order.map],
        },
        "seconds": round(seconds, 3),
        "memory_mb": peak_memory_mb(),
        "out": str(order.out.absolute()),
        "chromosomes": [_chromosome_row(*each) for each in zip(requests, made, strict=True)],
    }


def _chromosome_row(request: ImputationRequest, made: ImputationFiles) -> dict[str, object]:
    files = [made.dose, made.index, made.info, made.empirical]
    return {
        "chromosome": bare_name(request.chromosome),
        "files": [each.name for each in files if each is not None],
        **asdict(made.figures),
    }


def peak_memory_mb() -> float | None:
    """The most memory that a process of this run took; None where the system does not tell."""
    if sys.platform == "win32":
        return None
    import resource

    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return round(peak / (1 << 20 if sys.platform == "darwin" else 1 << 10), 1)


def _write(path: Path, record: dict[str, object]) -> None:
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(record, indent=1, default=str) + "\n", encoding="utf-8")
    part.replace(path)


def _lines(order: Order, made: Sequence[ImputationFiles]) -> list[str]:
    rows = [
        (m.dose.name, m.figures.samples, m.figures.typed, m.figures.written, m.figures.mean_r2) for m in made
    ]
    heads = ("file", "samples", "typed", "written", "mean R2")
    return [*pairs([("folder", order.out), ("engine", order.engine)]), "", *table(heads, rows)]
