"""Which kernel of the built-in engine is asked for; apart from the kernels, as commands start quickly."""

from __future__ import annotations

from enum import StrEnum


class KernelChoice(StrEnum):
    """`AUTOMATIC` is the fastest on the processor; the graphics card computes only where it is chosen."""

    AUTOMATIC = "automatic"
    C = "c"
    NUMPY = "numpy"
    CARD = "card"
