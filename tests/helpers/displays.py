"""A real X server that nobody sees."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator

import pytest


@contextlib.contextmanager
def screen(size: str = "1400x900x24") -> Iterator[str]:
    """The display of a fresh Xvfb, which chooses a free number itself; skips where it is missing."""
    if shutil.which("Xvfb") is None:
        pytest.skip("Xvfb is not on this machine")
    reader, writer = os.pipe()
    command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", size, "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=(writer,), stderr=subprocess.DEVNULL)
    os.close(writer)
    try:
        with os.fdopen(reader) as answer:
            number = answer.readline().strip()
        if not number:
            pytest.skip("Xvfb does not start on this machine")
        yield f":{number}"
    finally:
        server.terminate()
        server.wait(10)
