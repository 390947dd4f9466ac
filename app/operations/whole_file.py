"""Text files that are there whole or not at all."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO


@contextlib.contextmanager
def whole_file(path: Path, newline: str | None = None) -> Iterator[TextIO]:
    """A file to write that gets its name at the end of the block; nothing stays when the block raises.

    Until then it has a name that nothing else has. Letters that UTF-8 does not know, of names of files on
    Linux, become question marks. OSError.
    """
    part = path.with_name(f".haplodesk-{secrets.token_hex(8)}.part")
    with part.open("x", encoding="utf-8", errors="replace", newline=newline) as file:
        try:
            yield file
            file.close()
            part.replace(path)
        except BaseException:
            file.close()
            part.unlink(missing_ok=True)
            raise
