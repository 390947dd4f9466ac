from typing import Any

from numpy.typing import NDArray

def stayed(
    panel: NDArray[Any],
    one: NDArray[Any],
    zero: NDArray[Any],
    change: NDArray[Any],
    stayed: NDArray[Any],
    sites: int,
    size: int,
    times: int,
    /,
) -> None: ...
