"""`haplodesk results filter`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.program import session_of

FORMATS = ("vcf", "bcf", "bgen", "pgen", "bed", "tsv")
PRESETS = ("regenie", "saige", "saige-vcf", "bolt", "plink2", "gcta", "prsice", "hail")


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
        str, typer.Option("--format", help=f"{', '.join(FORMATS)}; --preset chooses it too.")
    ] = FORMATS[0],
    preset: Annotated[
        str, typer.Option("--preset", help=f"The program that will read the files: {', '.join(PRESETS)}.")
    ] = "",
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

    if to_format not in FORMATS:
        raise typer.BadParameter(f"--format is one of {', '.join(FORMATS)}")
    if preset and preset not in PRESETS:
        raise typer.BadParameter(f"--preset is one of {', '.join(PRESETS)}")
    wanted = work.Wanted(
        min_r2=min_r2,
        min_maf=min_maf,
        min_mac=min_mac,
        min_er2=min_er2,
        typed_by_r2=typed_by_r2,
        regions=tuple(region or ()),
        samples=samples,
        to_format=to_format,
        preset=preset,
        hard_call=hard_call,
        phased=phased,
        plain_names=plain_names,
        with_plink2=with_plink2,
        verify=not no_read_back,
    )
    work.filter_results(session_of(ctx), source, out, wanted)
