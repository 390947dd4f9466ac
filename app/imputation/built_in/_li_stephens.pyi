"""What the extension in C offers (see _li_stephens.c)."""

import numpy as np
from numpy.typing import NDArray

class Plan: ...  # an opaque capsule

def machines() -> list[tuple[str, int]]: ...
def plan(
    haplotypes: int,
    form: NDArray[np.uint8],
    start: NDArray[np.int64],
    count: NDArray[np.int64],
    carriers: NDArray[np.uint32],
    bits: NDArray[np.uint8],
    typed: NDArray[np.int64],
    untyped: NDArray[np.int64],
    after: NDArray[np.int64],
    border_cost: float,
) -> Plan: ...
def facts(plan: Plan) -> tuple[int, int, int, int, int, int, int, int, int]: ...
def scratch(plan: Plan, machine: str, stride: int) -> int: ...
def impute(
    plan: Plan,
    machine: str,
    error: float,
    switches: NDArray[np.float32],
    left: NDArray[np.float32],
    right: NDArray[np.float32],
    target_row: NDArray[np.int64],
    typed_row: NDArray[np.int64],
    site_row: NDArray[np.int64],
    targets: NDArray[np.int8],
    columns: int,
    imputed: NDArray[np.float32],
    left_out: NDArray[np.float32],
    stride: int,
) -> None: ...
