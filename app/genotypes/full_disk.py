"""A disk that is full is no fault of the file that was being read."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from app.domain.problem import Kind, problem

FULL = frozenset({errno.ENOSPC, errno.EFBIG, errno.EROFS, getattr(errno, "EDQUOT", errno.ENOSPC)})
"""What the system says where nothing more can be written; reading gives none of them."""


@contextmanager
def told_when_full() -> Iterator[None]:
    """ProblemError of the kind disk where the block could not write for want of room."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise problem(
            Kind.DISK,
            "There is no room on the disk",
            f"The genotypes that were read could not be kept: {error.strerror}.",
            "Free some room, or choose another disk for temporary files and the data folder.",
        ) from error
