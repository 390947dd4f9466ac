"""Packs a panel for the engines that have a form of their own: MSAV for Minimac4, bref3 for Beagle."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from app.domain.problem import ProblemError
from app.domain.progress import Report, silent
from app.imputation.contract import WHOLE, EngineName, Tools
from app.imputation.engines import bref3_command, minimac4_command
from app.imputation.panel_part import PanelPart, with_packed
from app.imputation.program import run_program
from app.imputation.scratch import scratch_folder

log = logging.getLogger(__name__)

_JAVA_MB = 2048
_VCF = "panel.vcf.gz"


def packed(
    part: PanelPart, folder: Path, engine: EngineName, tools: Tools, report: Report = silent
) -> PanelPart:
    """The part with the form that an engine wants, made now if it is not there; our own is always there.

    Where bref3 cannot be made Beagle takes a VCF. Raises ProblemError when Minimac4 fails.
    """
    part = with_packed(part, folder, report)
    if engine is EngineName.MINIMAC4 and not _there(folder, part.msav):
        command = minimac4_command(tools)
        if command is not None:
            name = f"{part.stem}.msav"
            _run([*command, "--compress-reference", _VCF, "-o"], folder, name, part, report)
            return part.model_copy(update={"msav": name})
    if engine is EngineName.BEAGLE and not _there(folder, part.bref3):
        command = bref3_command(_JAVA_MB, tools)
        if command is not None:
            name = f"{part.stem}.bref3"
            try:
                _run([*command, _VCF], folder, name, part, report)
            except ProblemError as error:  # bref3 has no room for alleles of 64 kB; the VCF does as well
                log.info("%s is not packed for Beagle: %s", part.name, error.problem.what_happened)
                return part
            return part.model_copy(update={"bref3": name})
    return part


def _there(folder: Path, name: str | None) -> bool:
    return name is not None and (folder / name).is_file()


def _run(command: list[str], folder: Path, name: str, part: PanelPart, report: Report) -> None:
    """Run a packer on the panel as a VCF; it writes the file named last, or its standard output."""
    folder = folder.resolve()
    with scratch_folder(folder) as scratch:
        part.write_slice(folder, 1, WHOLE, scratch / _VCF)
        call = [str(scratch / _VCF) if word == _VCF else word for word in command]
        draft = scratch / name
        if call[-1] == "-o":
            run_program([*call, str(draft)], scratch, f"Packing chromosome {part.name}", report)
        else:
            run_program(call, scratch, f"Packing chromosome {part.name}", report, output=draft)
        os.replace(draft, folder / name)
