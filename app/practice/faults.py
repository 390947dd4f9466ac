"""Things that go wrong at real servers, on demand.

Set a field (`server.faults.bad_gateway = 2`), or POST the same names as JSON to `/practice/faults`.
Fields that count go down by one each time the fault happens; the others hold until they are cleared.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, fields
from typing import Any


@dataclass
class Faults:
    """All faults; every default means that nothing is wrong.

    `path` limits the faults of the network and the proxy (`drop_connection`, `bad_gateway`, `too_large`,
    `busy`, `delay_s`) to paths that start with it.
    """

    token: str = ""
    """`expired`: every token answers as an expired one; `revoked`: as one replaced by a newer."""
    maintenance: bool = False
    maintenance_message: str = "The practice server is being <b>repaired</b>."
    quota_full: bool = False
    """The user is said to have too many running jobs."""
    path: str = ""
    drop_connection: int = 0
    """The next n requests are cut off without an answer."""
    bad_gateway: int = 0
    """The next n requests get 502 and a page of HTML, as of a proxy."""
    too_large: int = 0
    """The next n requests with a body get 413 and a page of HTML, as of a proxy."""
    busy: int = 0
    """The next n requests get 429 with `Retry-After: retry_after_s`."""
    retry_after_s: int = 2
    delay_s: float = 0.0
    """Seconds before each answer."""
    drop_download_at: int | None = None
    """Downloads are cut off after so many bytes, `drop_downloads` times."""
    drop_downloads: int = 1
    drop_upload_at: int | None = None
    """Uploads are cut off after so many bytes, `drop_uploads` times."""
    drop_uploads: int = 1
    drop_answer: int = 0
    """The next n submissions make a job, and the connection is cut off before the answer."""
    download_rate: int | None = None
    upload_rate: int | None = None
    """Bytes a second."""
    fail_at_start: int = 0
    """The next n jobs go to state 5 without steps."""
    dead: int = 0
    """The next n jobs go to state -1 when they should start."""
    failing_qc: int = 0
    """The next n jobs fail in the quality control."""
    hold_jobs: bool = False
    """Jobs wait in the queue and none is started."""
    shown_state: int | None = None
    """The state that all answers show, for example 42."""
    download_limit: int | None = None
    """How often each file may be fetched, for example 0; holds for jobs that are made while it is set and,
    when 0, for all."""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def take(self, name: str) -> bool:
        """Whether a counted fault happens now; counts it down."""
        with self._lock:
            left = int(getattr(self, name))
            if left <= 0:
                return False
            setattr(self, name, left - 1)
            return True

    def set(self, **values: Any) -> None:
        """Set several faults by name; ValueError for a name that is none or a value of another type."""
        kinds = {each.name: str(each.type) for each in fields(Faults) if not each.name.startswith("_")}
        unknown = sorted(set(values) - set(kinds))
        if unknown:
            raise ValueError(f"no such fault: {', '.join(unknown)}")
        wrong = [f"{name} ({kinds[name]})" for name, value in values.items() if not _fits(value, kinds[name])]
        if wrong:
            raise ValueError(f"a value of the wrong type for: {', '.join(wrong)}")
        with self._lock:
            for name, value in values.items():
                setattr(self, name, value)

    def clear(self) -> None:
        """Nothing is wrong any more."""
        fresh = Faults()
        self.set(**{name: getattr(fresh, name) for name in _names()})

    def values(self) -> dict[str, Any]:
        """All faults by name."""
        with self._lock:
            return {name: getattr(self, name) for name in _names()}


_TYPES: dict[str, tuple[type, ...]] = {"str": (str,), "bool": (bool,), "int": (int,), "float": (int, float)}


def _fits(value: object, kind: str) -> bool:
    """Whether a value has the type of a field such as `int | None`; True and False are no numbers."""
    name = kind.removesuffix(" | None")
    if value is None:
        return name != kind
    return isinstance(value, _TYPES[name]) and (name == "bool" or not isinstance(value, bool))


def _names() -> list[str]:
    return [each.name for each in fields(Faults) if not each.name.startswith("_")]
