"""A keyring for programs that are killed: a file that outlives them. For tests only: nothing is encrypted."""

from __future__ import annotations

import json
import os
from pathlib import Path
from threading import Lock

from pydantic import SecretStr


class FileSecrets:
    """Keeps the promise of a system's keyring: what `set` returned from is there after any end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()

    def get(self, name: str) -> SecretStr | None:
        """The secret of that name."""
        found = self._read().get(name)
        return None if found is None else SecretStr(found)

    def set(self, name: str, secret: SecretStr) -> None:
        """Keep a secret."""
        with self._lock:
            self._write(self._read() | {name: secret.get_secret_value()})

    def delete(self, name: str) -> None:
        """Forget a secret."""
        with self._lock:
            self._write({key: value for key, value in self._read().items() if key != name})

    def _read(self) -> dict[str, str]:
        if not self._path.exists():
            return {}
        kept: dict[str, str] = json.loads(self._path.read_text())
        return kept

    def _write(self, kept: dict[str, str]) -> None:
        draft = self._path.with_name(self._path.name + ".new")
        draft.write_text(json.dumps(kept))
        os.replace(draft, self._path)
