"""Keeps NumPy's own threads out of the way: the engine divides its work itself."""

import ctypes
from pathlib import Path

import numpy as np

_SETTERS = ("scipy_openblas_set_num_threads64_", "scipy_openblas_set_num_threads", "openblas_set_num_threads")


def use_one_blas_thread() -> bool:
    """Let OpenBLAS, where a NumPy wheel brings it, use one thread for the rest of this process.

    The products here are small; on a busy machine the threads of each wait for one another, which made
    imputation three times slower. Says whether it could be set; harmless where it cannot.
    """
    package = Path(np.__file__).parent
    folders = (package.parent / "numpy.libs", package / ".dylibs")
    for path in (each for folder in folders if folder.is_dir() for each in folder.glob("*openblas*")):
        try:
            library = ctypes.CDLL(str(path))
        except OSError:
            continue
        for name in _SETTERS:
            setter = getattr(library, name, None)
            if setter is not None:
                setter(1)
                return True
    return False
