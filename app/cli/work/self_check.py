"""`self-check`: proves that this copy of the program is whole, without network, keyring or user data."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import typer
from pydantic import SecretStr

from app.cli.output import table
from app.cli.program import Session
from app.domain.problem import ProblemError

TEXT = b"Haplodesk " * 1000
WORD = "self-check-word"


def self_check(session: Session) -> None:
    """Every part that can be missing or broken; ends with 1 when one is."""
    with tempfile.TemporaryDirectory(prefix="haplodesk-self-check-") as name:
        folder = Path(name)
        parts: tuple[tuple[str, Callable[[], str]], ...] = (
            ("database", partial(_database, folder)),
            ("decryption kernel", _kernel),
            ("resources", _resources),
            ("archive", partial(_archive, folder)),
            ("genotype process", partial(_genotypes, folder)),
            ("imputation", _engines),
            ("service families", _families),
            ("window", session.program.look_at_window),
        )
        found = [_timed(title, look) for title, look in parts]
    passed = all(row["ok"] for row in found)
    rows = [(row["name"], "ok" if row["ok"] else "failed", row["ms"], row["detail"]) for row in found]
    session.out.answer({"passed": passed, "checks": found}, table(("part", "state", "ms", "detail"), rows))
    if not passed:
        raise typer.Exit(1)


def _timed(name: str, look: Callable[[], str]) -> dict[str, object]:
    began = time.perf_counter()
    try:
        detail, ok = look(), True
    except ProblemError as error:
        detail, ok = f"{error.problem.sentence()} {error.problem.details}".strip(), False
    except Exception as error:  # noqa: BLE001 - every fault is an answer here
        detail, ok = f"{type(error).__name__}: {error}", False
    ms = round((time.perf_counter() - began) * 1000, 1)
    return {"name": name, "ok": ok, "ms": ms, "detail": detail}


def _database(folder: Path) -> str:
    from app.store.settings import load_settings, set_state, state
    from app.store.store import Store

    with Store.open(folder / "haplodesk.db") as store:
        store.write_now(lambda c: set_state(c, "self-check", "done"))
        store.read_now(load_settings)
        if store.read_now(lambda c: state(c, "self-check")) != "done":
            raise RuntimeError("what was written did not come back")
    return "Made, migrated, written and read."


def _kernel() -> str:
    from app.results.zipcrypto import has_kernel

    return "Compiled." if has_kernel() else "Not compiled: old archives are opened slowly."


def _resources() -> str:
    from app.domain.resources import resource
    from app.services.catalogue import presets

    missing = [name for name in ("catalogue.json", "builds.json", "icons") if not resource(name).exists()]
    if missing:
        raise FileNotFoundError(f"missing: {', '.join(missing)}")
    return f"{len(presets())} services in the catalogue."


def _archive(folder: Path) -> str:
    import pyzipper

    from app.results.archive import extract

    path = folder / "small.zip"
    with pyzipper.AESZipFile(path, "w", encryption=pyzipper.WZ_AES) as archive:
        archive.setpassword(WORD.encode())
        archive.writestr("small.txt", TEXT)
    extract(path, SecretStr(WORD), folder / "unpacked")
    if (folder / "unpacked" / "small.txt").read_bytes() != TEXT:
        raise RuntimeError("the decrypted text is another one")
    return "A small archive was encrypted and decrypted."


def _genotypes(folder: Path) -> str:
    from app.genotypes.bgzf import BgzfWriter
    from app.genotypes.check import check_files
    from app.genotypes.worker import run_in_process

    path = folder / "small.chr20.vcf.gz"
    names = "\t".join(f"P{number}" for number in range(1, 21))
    row = "\t.\tA\tG\t.\tPASS\t.\tGT\t" + "\t".join(["0|1", "0|0"] * 10) + "\n"
    with BgzfWriter(path) as out:
        head = (
            "##fileformat=VCFv4.2\n##contig=<ID=20>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t"
        )
        out.write(f"{head}{names}\n".encode())
        out.write("".join(f"20\t{position}{row}" for position in range(100_000, 200_000, 1000)).encode())
    report = asyncio.run(run_in_process(check_files, [str(path)]))
    if (report.samples, report.snps) != (20, 100):
        raise RuntimeError(
            f"{report.samples} samples and {report.snps} variants were counted, not 20 and 100"
        )
    return "A small VCF was checked in a process of its own."


def _engines() -> str:
    from app.imputation.engines import engines

    return ", ".join(f"{e.name} {e.version}".strip() for e in engines() if e.present) + "."


def _families() -> str:
    from app.services.registry import Registry

    return ", ".join(Registry().names()) + "."
