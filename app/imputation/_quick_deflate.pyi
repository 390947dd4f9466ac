from typing import Any

from numpy.typing import NDArray
from typing_extensions import Buffer

ROOM: int

def deflate(text: Buffer, out: NDArray[Any], ends: NDArray[Any], /) -> int: ...
