from typing import Any

from numpy.typing import NDArray

def fill(arrays: tuple[NDArray[Any], ...], text: bytearray | memoryview, begin: int, stop: int, /) -> int: ...
