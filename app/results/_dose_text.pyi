from typing import Any

from numpy.typing import NDArray
from typing_extensions import Buffer

def format(
    words: Buffer,
    pairs: NDArray[Any],
    calls: Buffer,
    heads: Buffer,
    ends: NDArray[Any],
    out: NDArray[Any],
    rows: int,
    samples: int,
    /,
) -> int: ...
