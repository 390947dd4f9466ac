from typing import Any

from numpy.typing import NDArray
from typing_extensions import Buffer

def pack(
    values: Buffer,
    rows: int,
    columns: int,
    window: int,
    out: NDArray[Any],
    ends: NDArray[Any],
    /,
) -> int: ...
def pack_thousandths(
    values: Buffer,
    rows: int,
    columns: int,
    window: int,
    out: NDArray[Any],
    ends: NDArray[Any],
    /,
) -> int: ...
def unpack(codes: Buffer, out: NDArray[Any], rows: int, width: int, first: int, columns: int, /) -> None: ...
def sums(values: Buffer, rows: int, columns: int, sums: NDArray[Any], /) -> None: ...
def dose_rows(
    pairs: Buffer,
    heads: Buffer,
    ends: NDArray[Any],
    form: Buffer,
    out: NDArray[Any],
    rows: int,
    people: int,
    /,
) -> int: ...
def empirical_rows(
    pairs: Buffer,
    observed: Buffer,
    heads: Buffer,
    ends: NDArray[Any],
    form: Buffer,
    out: NDArray[Any],
    rows: int,
    people: int,
    /,
) -> int: ...
