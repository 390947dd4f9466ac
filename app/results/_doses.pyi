from typing import Any

from numpy.typing import NDArray
from typing_extensions import Buffer

def fill(arrays: tuple[NDArray[Any], ...], text: Buffer, begin: int, stop: int, /) -> int: ...
def moments(values: NDArray[Any], out: NDArray[Any], rows: int, /) -> None: ...
