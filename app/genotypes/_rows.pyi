from typing import Any

from numpy.typing import NDArray

def fill(arrays: tuple[NDArray[Any], ...], text: bytearray | memoryview, begin: int, stop: int, /) -> int: ...
def cut(
    text: NDArray[Any], starts: NDArray[Any], stops: NDArray[Any], out: NDArray[Any], /
) -> int: ...
