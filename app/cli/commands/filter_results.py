"""`haplodesk results filter`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.program import session_of
from app.domain.export import Cutoffs, ExportFormat, ExportRequest, PresetName


def filter_results(
    ctx: typer.Context,
    source: Annotated[str, typer.Argument(metavar="DIR|FILE|JOB", help="A result: a folder, a file, a job.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the files are put.")],
    min_r2: Annotated[
        str, typer.Option("--min-r2", help="0.3, or by frequency: 0:0.8,0.005:0.6,0.05:0.3.")
    ] = "0",
    min_maf: Annotated[float, typer.Option("--min-maf", min=0, max=0.5, help="Least frequency.")] = 0.0,
    min_mac: Annotated[
        float, typer.Option("--min-mac", min=0, help="Least expected copies of the minor allele.")
    ] = 0.0,
    min_er2: Annotated[
        float, typer.Option("--min-er2", min=0, max=1, help="Least ER2 of typed sites, where it is told.")
    ] = 0.0,
    typed_by_r2: Annotated[
        bool, typer.Option("--typed-by-r2", help="Judge typed sites by R2 too; else they are kept by it.")
    ] = False,
    region: Annotated[
        list[str] | None, typer.Option("--region", metavar="CHR[:FROM-TO]", help="May be given again.")
    ] = None,
    samples: Annotated[
        Path | None,
        typer.Option("--samples", metavar="FILE", help="Names of people to keep, one a line."),
    ] = None,
    to_format: Annotated[
        ExportFormat, typer.Option("--format", help="What is written; --preset chooses it too.")
    ] = ExportFormat.VCF,
    preset: Annotated[
        PresetName | None, typer.Option("--preset", help="The program that will read the files.")
    ] = None,
    hard_call: Annotated[
        float,
        typer.Option(
            "--hard-call-threshold",
            min=0,
            max=0.499,
            help="How far a dosage may lie from a call (BED, PGEN).",
        ),
    ] = 0.1,
    phased: Annotated[
        bool, typer.Option("--phased", help="Haplotypes in BGEN; few programs read it.")
    ] = False,
    plain_names: Annotated[bool, typer.Option("--plain-names", help="Write 20 for chr20.")] = False,
    with_plink2: Annotated[
        bool, typer.Option("--with-plink2", help="Let plink2 write PGEN or BED, where it is installed.")
    ] = False,
    no_read_back: Annotated[
        bool, typer.Option("--no-read-back", help="Do not read the files back to compare them.")
    ] = False,
) -> None:
    """Keep the good variants and write them for another program; all is read back and compared."""
    from app.cli.work import filter_results as work

    flat, steps = work.r2_steps(min_r2)
    if not 0 <= flat <= 1:
        raise typer.BadParameter("--min-r2 is between 0 and 1")
    cutoffs = Cutoffs(
        min_r2=flat,
        r2_steps=steps,
        min_maf=min_maf,
        min_mac=min_mac,
        min_er2=min_er2,
        typed_by_r2=typed_by_r2,
        regions=tuple(region or ()),
        samples=work.names_in(samples),
    )
    request = ExportRequest(
        source=source,
        out=str(out),
        format=to_format,
        preset=preset,
        cutoffs=cutoffs,
        hard_call=hard_call,
        phased=phased,
        plain_names=plain_names,
        verify=not no_read_back,
        with_plink2=with_plink2,
    )
    work.filter_results(session_of(ctx), source, request)
