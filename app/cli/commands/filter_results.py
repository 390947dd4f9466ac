"""`haplodesk results filter`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.program import session_of
from app.cli.work.usage import WrongUsageError

FORMATS = ("vcf", "bcf", "bgen", "pgen", "bed", "tsv")
PRESETS = ("regenie", "saige", "saige-vcf", "bolt", "plink2", "gcta", "prsice", "hail")

Source = Annotated[str, typer.Argument(metavar="DIR|FILE|JOB", help="A result: a folder, a file, a job.")]
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the files are put.")]
MinR2 = Annotated[str, typer.Option("--min-r2", help="0.3, or by frequency: 0:0.8,0.005:0.6,0.05:0.3.")]
MinMaf = Annotated[float, typer.Option("--min-maf", min=0, max=0.5, help="Least frequency.")]
MinMac = Annotated[float, typer.Option("--min-mac", min=0, help="Least expected copies of the minor allele.")]
MinEr2 = Annotated[
    float, typer.Option("--min-er2", min=0, max=1, help="Least ER2 of typed sites, where it is told.")
]
TypedByR2 = Annotated[
    bool, typer.Option("--typed-by-r2", help="Judge typed sites by R2 too; else they are kept by it.")
]
Region = Annotated[
    list[str] | None, typer.Option("--region", metavar="CHR[:FROM-TO]", help="May be given again.")
]
Samples = Annotated[
    Path | None, typer.Option("--samples", metavar="FILE", help="Names of people to keep, one a line.")
]
Format = Annotated[str, typer.Option("--format", help=f"{', '.join(FORMATS)}; --preset chooses it too.")]
Preset = Annotated[
    str, typer.Option("--preset", help=f"The program that will read the files: {', '.join(PRESETS)}.")
]
HardCall = Annotated[
    float,
    typer.Option(
        "--hard-call-threshold",
        min=0,
        max=0.499,
        help="How far a dosage may lie from a call (BED, PGEN).",
    ),
]
Phased = Annotated[bool, typer.Option("--phased", help="Haplotypes in BGEN; few programs read it.")]
PlainNames = Annotated[bool, typer.Option("--plain-names", help="Write 20 for chr20.")]
WithPlink2 = Annotated[
    bool, typer.Option("--with-plink2", help="Let plink2 write PGEN or BED, where it is installed.")
]
Replace = Annotated[
    bool, typer.Option("--replace", help="Put the files in the place of others of the same names.")
]
NoReadBack = Annotated[
    bool, typer.Option("--no-read-back", help="Do not read the files back to compare them.")
]


def filter_results(
    ctx: typer.Context,
    source: Source,
    out: Out,
    min_r2: MinR2 = "0",
    min_maf: MinMaf = 0.0,
    min_mac: MinMac = 0.0,
    min_er2: MinEr2 = 0.0,
    typed_by_r2: TypedByR2 = False,
    region: Region = None,
    samples: Samples = None,
    to_format: Format = FORMATS[0],
    preset: Preset = "",
    hard_call: HardCall = 0.1,
    phased: Phased = False,
    plain_names: PlainNames = False,
    with_plink2: WithPlink2 = False,
    no_read_back: NoReadBack = False,
    replace: Replace = False,
) -> None:
    """Keep the good variants and write them for another program; all is read back and compared.

    No file is overwritten without --replace.
    """
    from app.cli.work import filter_results as work

    words = work.Words(
        source=source,
        out=str(out),
        min_r2=min_r2,
        min_maf=min_maf,
        min_mac=min_mac,
        min_er2=min_er2,
        typed_by_r2=typed_by_r2,
        region=tuple(region or ()),
        samples="" if samples is None else str(samples),
        format=to_format,
        preset=preset,
        hard_call_threshold=hard_call,
        phased=phased,
        plain_names=plain_names,
        with_plink2=with_plink2,
        no_read_back=no_read_back,
        replace=replace,
    )
    try:
        request = work.request_of(words)
    except WrongUsageError as error:
        raise typer.BadParameter(str(error)) from error
    work.filter_results(session_of(ctx), source, request)
