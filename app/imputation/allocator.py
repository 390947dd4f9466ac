"""Gives freed memory back to the system, where the allocator of the C library would keep it."""

import contextlib
import ctypes
import mmap
import re
import sys
from pathlib import Path

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # of <malloc.h>
_THRESHOLD = 1 << 17
_UNTOUCHED_CODE = re.compile(
    rb"^([0-9a-f]+)-([0-9a-f]+) r-xp [^\n]*? /[^\n]*\n(?:[A-Z][^\n]*\n)*?Anonymous: +0 kB$", re.MULTILINE
)
"""A piece of /proc/self/smaps that is read from a file and has no page of its own."""


def give_freed_memory_back() -> bool:
    """Let the C library of Linux give every large array back when it is freed, for the rest of this process.

    It maps large arrays and unmaps them, but calls those small that are below the largest one that was ever
    freed (up to 32 MB), and keeps what is freed of them, for each thread by itself: a third of what a small
    job took. Says whether it could be set; harmless where it cannot.
    """
    if sys.platform != "linux":
        return False
    try:
        tell = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library
        return False
    settings = ((_M_MMAP_THRESHOLD, _THRESHOLD), (_M_TRIM_THRESHOLD, _THRESHOLD), (_M_ARENA_MAX, 1))
    return all([tell(which, value) == 1 for which, value in settings])


def trim() -> bool:
    """Give back what lies free between arrays that stay, for the next step of a job, which takes other room.

    Says whether anything was given back; harmless with another C library. Code goes too, see `unload_code`.
    """
    if sys.platform != "linux":
        return False
    unload_code()
    try:
        return bool(ctypes.CDLL(None).malloc_trim(0))
    except (OSError, AttributeError):
        return False


def unload_code() -> int:
    """Take the code of programs and libraries out of this process; how many pieces of it went.

    Most of it only starts Python and NumPy: three megabytes, a tenth of a process that has begun. What is run
    again comes back page by page from the system's cache of files, so this frees less of the computer than it
    takes off the process. Pieces that were written to, as some libraries and tools do at their start, stay:
    they are not as the file is.
    """
    gone = 0
    with contextlib.suppress(OSError, AttributeError):
        advise = ctypes.CDLL(None).madvise
        advise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
        for piece in _UNTOUCHED_CODE.finditer(Path("/proc/self/smaps").read_bytes()):
            begin, end = int(piece[1], 16), int(piece[2], 16)
            gone += advise(begin, end - begin, mmap.MADV_DONTNEED) == 0
    return gone
