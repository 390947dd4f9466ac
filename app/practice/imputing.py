"""The third step of a job: phase and impute each chromosome, then lock the results up."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from app.domain.progress import Progress
from app.genotypes.bgzf import BgzfWriter, block_length, inflate_block, pack_block, read_lines
from app.imputation.contract import EngineName, ImputationFiles, ImputationRequest, PhasingName
from app.imputation.run import impute_files
from app.practice.archives import write_archive, write_md5
from app.practice.orders import JobOrder

_PHASINGS = {
    "eagle": PhasingName.BUILTIN,
    "beagle": PhasingName.BEAGLE,
    "no_phasing": PhasingName.NONE,
}
_TITLES = {"Phas": "Phasing", "Imput": "Imputation"}
Site = tuple[bytes, bytes, bytes]
Range = tuple[int, int]


@dataclass(frozen=True)
class Target:
    """A chromosome after quality control, and the pieces of it (first and last base) that are imputed."""

    chromosome: str
    path: Path
    chunks: tuple[Range, ...]

    def stretches(self) -> list[Range]:
        """The pieces, with neighbours joined: phasing and imputation work better on long stretches."""
        joined: list[Range] = []
        for first, last in sorted(self.chunks):
            if joined and joined[-1][1] + 1 == first:
                joined[-1] = (joined[-1][0], last)
            else:
                joined.append((first, last))
        return joined


def keep_sites(
    source: Path, target: Path, contig: str, excluded: frozenset[Site], chunks: Iterable[Range]
) -> None:
    """Copy the sites of a VCF that passed (not excluded by position, REF, ALT; in a chunk that is left)."""
    ranges = list(chunks)
    name = contig.encode()
    with BgzfWriter(target, level=1) as writer:
        for line in read_lines(source):
            if line.startswith(b"#"):
                writer.write(line + b"\n")
                continue
            chrom, pos, _, ref, alt, _ = line.split(b"\t", 5)
            position = int(pos)
            inside = any(first <= position <= last for first, last in ranges)
            if inside and (pos, ref, alt) not in excluded:
                writer.write(name + line[len(chrom) :] + b"\n")


Tell = Callable[[str, int, int], None]


def impute_targets(order: JobOrder, targets: list[Target], tell: Tell) -> None:
    """Impute all chromosomes and write their archives; `tell` gets what is done, chunks done and in total."""
    total = sum(len(each.chunks) for each in targets)
    done = 0
    for target in targets:
        inside = []
        for number, stretch in enumerate(target.stretches()):
            own = sum(stretch[0] <= first <= stretch[1] for first, _ in target.chunks)
            report = partial(_report, tell=tell, before=done, own=own, total=total)
            files = impute_files(_request(order, target, stretch, number), report)
            inside.append(_files(files))
            done += own
            tell("Imputation", done, total)
        _lock_up(order, target.chromosome, _joined(inside))


def _report(progress: Progress, *, tell: Tell, before: int, own: int, total: int) -> None:
    title = next((text for start, text in _TITLES.items() if progress.step.startswith(start)), None)
    if title is not None:
        tell(title, before + int((progress.fraction or 0.0) * own), total)


def _request(order: JobOrder, target: Target, stretch: Range, number: int) -> ImputationRequest:
    files = order.panel.chromosomes[target.chromosome]
    return ImputationRequest(
        panel_vcf=Path(files.vcf),
        target_vcf=target.path,
        out_dir=order.work_folder() / f"imputed-{target.chromosome}-{number}",
        chromosome=order.panel.contig(target.chromosome),
        engine=EngineName(order.engine),
        phasing=_PHASINGS.get(order.inputs["phasing"], PhasingName.BUILTIN),
        map_file=Path(files.map) if files.map else None,
        min_r2=float(order.inputs["r2Filter"]),
        empirical=order.inputs["meta"] == "true",
        first=stretch[0],
        last=stretch[1],
    )


def _files(files: ImputationFiles) -> list[Path]:
    return [files.dose, files.info, *([files.empirical] if files.empirical else [])]


def _joined(parts: list[list[Path]]) -> list[Path]:
    """The files of all stretches behind one another, in the files of the first."""
    first = parts[0]
    for more in parts[1:]:
        for path, other in zip(first, more, strict=True):
            append_records(path, other)
    return first


def append_records(path: Path, other: Path) -> None:
    """Put the records of another VCF of the same samples behind those of a file."""
    draft = path.with_name("joined-" + path.name)
    with BgzfWriter(draft) as writer:
        for line in read_lines(path):
            writer.write(line + b"\n")
        for line in read_lines(other):
            if not line.startswith(b"#"):
                writer.write(line + b"\n")
    draft.replace(path)


def _lock_up(order: JobOrder, chromosome: str, inside: list[Path]) -> None:
    for each in inside:
        add_header_lines(each, _notes(order))
    path = order.output_folder() / f"chr_{chromosome}.zip"
    write_archive(path, inside, order.inputs["password"], aes=order.inputs["aesEncryption"] == "true")
    if order.limits.archive_md5:
        write_md5(path)
    shutil.rmtree(inside[0].parent)


def _notes(order: JobOrder) -> list[str]:
    return [
        f"##mis_pipeline={order.text.app_id} {order.text.app_version} (practice)",
        f"##mis_phasing={order.inputs['phasing']}",
        f"##mis_panel={order.panel.id}@{order.panel.version}",
    ]


def add_header_lines(path: Path, lines: list[str]) -> None:
    """Put lines behind the first one of a BGZF file; only its first block is packed anew."""
    part = path.with_name(path.name + ".part")
    with path.open("rb") as source, part.open("wb") as out:
        head = source.read(1 << 16)
        length = block_length(memoryview(head), 0, 0)
        text = bytes(inflate_block(memoryview(head)[:length], 0))
        first = text.index(b"\n") + 1
        fresh = text[:first] + "".join(f"{line}\n" for line in lines).encode() + text[first:]
        for at in range(0, len(fresh), 0xFF00):
            out.write(pack_block(fresh[at : at + 0xFF00], 6))
        source.seek(length)
        shutil.copyfileobj(source, out, 1 << 20)
    part.replace(path)
