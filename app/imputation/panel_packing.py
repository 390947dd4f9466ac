"""Packs a panel for the engines that have a form of their own: MSAV for Minimac4, bref3 for Beagle."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from app.domain.problem import ProblemError
from app.domain.progress import Report, silent
from app.imputation.contract import EngineName, Tools
from app.imputation.engines import bref3_command, minimac4_command
from app.imputation.panel_part import PanelPart
from app.imputation.program import run_program
from app.imputation.scratch import scratch_folder

log = logging.getLogger(__name__)

_JAVA_MB = 2048


def packed(
    part: PanelPart, folder: Path, engine: EngineName, tools: Tools, report: Report = silent
) -> PanelPart:
    """The part with the form that an engine wants, made now if it is not there.

    The built-in engine wants none; where bref3 cannot be made Beagle takes the VCF. Raises ProblemError when
    Minimac4 fails.
    """
    stem = part.vcf.removesuffix(".vcf.gz")
    if engine is EngineName.MINIMAC4 and not _there(folder, part.msav):
        command = minimac4_command(tools)
        if command is not None:
            name = f"{stem}.msav"
            _run([*command, "--compress-reference", part.vcf, "-o"], folder, name, part, report)
            return part.model_copy(update={"msav": name})
    if engine is EngineName.BEAGLE and not _there(folder, part.bref3):
        command = bref3_command(_JAVA_MB, tools)
        if command is not None:
            name = f"{stem}.bref3"
            try:
                _run([*command, part.vcf], folder, name, part, report)
            except ProblemError as error:  # bref3 has no room for alleles of 64 kB; the VCF does as well
                log.info("%s is not packed for Beagle: %s", part.name, error.problem.what_happened)
                return part
            return part.model_copy(update={"bref3": name})
    return part


def _there(folder: Path, name: str | None) -> bool:
    return name is not None and (folder / name).is_file()


def _run(command: list[str], folder: Path, name: str, part: PanelPart, report: Report) -> None:
    """Run a packer that writes the file named last, or its standard output; the file is there whole."""
    folder = folder.resolve()
    source = str(folder / part.vcf)
    call = [source if word == part.vcf else word for word in command]
    with scratch_folder(folder) as scratch:
        draft = scratch / name
        if call[-1] == "-o":
            run_program([*call, str(draft)], scratch, f"Packing chromosome {part.name}", report)
        else:
            run_program(call, scratch, f"Packing chromosome {part.name}", report, output=draft)
        os.replace(draft, folder / name)
