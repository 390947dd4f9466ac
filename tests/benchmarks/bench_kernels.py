"""The kernels of the built-in engine beside one another: C, PyTorch and NumPy, on one stretch in memory.

`python -m tests.benchmarks.bench_kernels pack FOLDER FILE` puts the simulated panel of `engine_data` and its
phased targets into one file; `… run FILE [--kernels c,torch] [--targets 1000] [--sites N] [--threads 1,16]`
needs NumPy and the kernels only, so it runs on a bare machine with a graphics card. `--check` compares with
the C kernel (or NumPy) on the first targets. Prints one line a figure and `--json FILE` keeps them.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.imputation.built_in.contract import Kernel, KernelTask
from app.imputation.built_in.model import Model
from app.imputation.built_in.stretch import PanelStretch, stretch_of

Figures = dict[str, Any]


def _records(path: Path) -> Iterator[tuple[int, NDArray[np.int8]]]:
    """Position and alleles of the records of a phased VCF with nothing but GT."""
    people = 0
    with gzip.open(path, "rb") as lines:
        for line in lines:
            if line.startswith(b"##"):
                continue
            if line.startswith(b"#"):
                people = line.count(b"\t") - 8
                continue
            cells = np.frombuffer(line, dtype=np.int8)[-4 * people :].reshape(people, 4)
            yield int(line.split(b"\t", 2)[1]), np.ascontiguousarray(cells[:, ::2]).ravel() - ord("0")


def pack(folder: Path, out: Path) -> None:
    """The stretch and the targets as arrays in a file."""
    positions, alleles = (np.array(each) for each in zip(*_records(folder / "ref.vcf.gz"), strict=True))
    stretch = stretch_of(alleles, positions)
    at, targets = (np.array(each) for each in zip(*_records(folder / "target.phased.vcf.gz"), strict=True))
    points = np.loadtxt(folder / "imp.map", usecols=(3, 2))
    np.savez_compressed(
        out,
        size=stretch.size,
        positions=positions.astype(np.int32),
        form=stretch.form,
        start=stretch.start.astype(np.int32),
        count=stretch.count.astype(np.int32),
        carriers=stretch.carriers.astype(np.uint16 if stretch.size <= 1 << 16 else np.uint32),
        bits=stretch.bits,
        typed=np.flatnonzero(np.isin(positions, at)).astype(np.int32),
        targets=np.packbits(targets.astype(np.uint8), axis=1),
        columns=targets.shape[1],
        centimorgans=np.interp(positions, points[:, 0], points[:, 1]),
    )


def unpack(path: Path, sites: int) -> tuple[KernelTask, NDArray[np.int8]]:
    """The task, of the first sites only where `sites` are given, and the targets."""
    with np.load(path) as held:
        stretch = PanelStretch(
            size=int(held["size"]),
            positions=held["positions"].astype(np.int64),
            ids=np.empty(len(held["positions"]), dtype=object),
            refs=np.empty(len(held["positions"]), dtype=object),
            alts=np.empty(len(held["positions"]), dtype=object),
            form=held["form"],
            start=held["start"].astype(np.int64),
            count=held["count"].astype(np.int64),
            carriers=held["carriers"].astype(np.uint32),
            bits=held["bits"],
        )
        typed, places = held["typed"].astype(np.intp), held["centimorgans"]
        targets = np.unpackbits(held["targets"], axis=1, count=int(held["columns"])).astype(np.int8)
    wanted = min(sites or len(stretch), len(stretch))
    typed = typed[typed < wanted]
    task = KernelTask(stretch.take(slice(0, wanted)), typed, places[:wanted], Model(), 0, wanted)
    return task, targets[: len(typed)]


def made(name: str, task: KernelTask) -> Kernel:
    """A kernel by its name: `c`, `numpy`, `torch` (on the best card), `torch:cpu`, `torch+plain`."""
    if name.startswith("torch"):
        from app.imputation.built_in.torch_kernel import TorchKernel
        from app.imputation.built_in.torch_scan import PlainScan

        kernel = TorchKernel(task, name.removesuffix("+plain").partition(":")[2] or None)
        kernel.scan = PlainScan(kernel.torch) if name.endswith("+plain") else kernel.scan
        return kernel
    if name == "c":
        from app.imputation.built_in.c_kernel import CKernel

        return CKernel(task)
    from app.imputation.built_in.numpy_kernel import NumpyKernel

    return NumpyKernel(task)


def _thousandths(kernel: Kernel, targets: NDArray[np.int8]) -> None:
    """Impute and keep what the program keeps: thousandths in 16 bits."""
    answer = kernel.impute(targets)
    np.rint(answer.imputed * 1000, out=answer.imputed).astype(np.int16)


def on_threads(kernel: Kernel, targets: NDArray[np.int8], threads: int) -> Figures:
    """Wall and CPU seconds for all targets, in pieces that the kernel likes."""
    count = targets.shape[1]
    width = min(kernel.width, -(-count // threads))
    pieces = [np.ascontiguousarray(targets[:, at : at + width]) for at in range(0, count, width)]
    began, used = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda each: _thousandths(kernel, each), pieces))
    return {"wall": time.perf_counter() - began, "cpu": time.process_time() - used, "threads": threads}


def on_card(kernel: Any, targets: NDArray[np.int8], runs: int) -> Iterator[Figures]:
    """Seconds on the card alone, with whole thousandths brought to the host, and by the contract."""
    torch = kernel.torch
    kernel.width = min(kernel.width, targets.shape[1])
    pieces = [targets[:, at : at + kernel.width] for at in range(0, targets.shape[1], kernel.width)]

    def compute(bring: bool) -> None:
        for piece in pieces:
            imputed, _ = kernel.on_card(np.ascontiguousarray(piece))
            if bring:
                (imputed * 1000.0).round_().to(torch.int16).cpu()
        if kernel.device == "cuda":
            torch.cuda.synchronize()

    scan = type(kernel.scan).__name__
    yield {"what": "first run", "wall": _seconds(lambda: compute(False)), "scan": scan}
    yield {"what": "card alone", "wall": min(_seconds(lambda: compute(False)) for _ in range(runs))}
    yield {"what": "to int16 on host", "wall": min(_seconds(lambda: compute(True)) for _ in range(runs))}
    yield {"what": "by contract", "wall": min(_seconds(lambda: kernel.impute(targets)) for _ in range(runs))}
    if kernel.device == "cuda":
        peak = torch.cuda.max_memory_allocated() / 1e6
        yield {"what": "peak", "mb": round(peak), "width": kernel.width, "block": kernel.block}


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def differences(kernel: Kernel, other: Kernel, targets: NDArray[np.int8]) -> Figures:
    """The largest differences of the answers of two kernels."""
    mine, theirs = kernel.impute(targets), other.impute(targets)
    return {
        "what": "largest difference",
        "imputed": float(np.abs(mine.imputed - theirs.imputed).max()),
        "left_out": float(np.abs(mine.left_out - theirs.left_out).max()),
        "targets": targets.shape[1],
    }


def figures(asked: argparse.Namespace) -> Iterator[Figures]:
    """All that is asked for, one at a time."""
    task, targets = unpack(asked.file, asked.sites)
    targets = np.ascontiguousarray(targets[:, : asked.targets])
    size = {"haplotypes": task.stretch.size, "sites": len(task.stretch), "typed": len(task.typed)}
    yield {"kernel": "-", "what": "task", **size, "targets": targets.shape[1]}
    reference: Kernel | None = None
    for name in asked.kernels.split(","):
        began = time.perf_counter()
        kernel = made(name, task)
        yield {"kernel": name, "what": "made", "wall": time.perf_counter() - began}
        if asked.check and reference is not None:
            part = np.ascontiguousarray(targets[:, : asked.check])
            yield {"kernel": name, **differences(kernel, reference, part)}
        if name.startswith("torch"):
            yield from ({"kernel": name, **each} for each in on_card(kernel, targets, asked.runs))
        else:
            for threads in map(int, asked.threads.split(",")):
                few = targets[:, : asked.single] if threads == 1 else targets
                yield {"kernel": name, "targets": few.shape[1], **on_threads(kernel, few, threads)}
        reference = reference or kernel


def main() -> None:
    """Pack or run."""
    parser = argparse.ArgumentParser(description=__doc__)
    ways = parser.add_subparsers(required=True, dest="way")
    packing = ways.add_parser("pack")
    packing.add_argument("folder", type=Path)
    packing.add_argument("file", type=Path)
    running = ways.add_parser("run")
    running.add_argument("file", type=Path)
    running.add_argument("--kernels", default="c,torch")
    running.add_argument("--targets", type=int, default=1000)
    running.add_argument("--single", type=int, default=1000, help="targets on one thread")
    running.add_argument("--sites", type=int, default=0)
    running.add_argument("--threads", default=str(os.cpu_count()))
    running.add_argument("--runs", type=int, default=3)
    running.add_argument("--check", type=int, default=0, help="targets that are compared")
    running.add_argument("--json", type=Path)
    asked = parser.parse_args()
    if asked.way == "pack":
        pack(asked.folder, asked.file)
        return
    kept = []
    for each in figures(asked):
        kept.append(each)
        print(" ".join(f"{name}={_short(value)}" for name, value in each.items()))
        sys.stdout.flush()
        if asked.json:
            asked.json.write_text(json.dumps(kept, indent=1), encoding="utf-8")


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
