"""Tokens and passwords, in the keyring of the system; the only file that knows the package keyring.

Names are `token:<service id>`, `setup:<service id>:<field>` and `password:<job id>`. There is no silent
fall-back: without a keyring that encrypts, the user is told what to do. Secrets are registered with the
redaction as they pass through.

Windows keeps at most 1,280 characters an entry, and tokens may be longer. So a long secret lies in parts,
on every system: the entry of its name holds only a mark, a generation and a count; the parts are written
first and old ones removed last, so that a secret is never half replaced.
"""

import re
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from contextlib import suppress
from secrets import token_hex
from typing import Protocol, TypeVar

from pydantic import SecretStr

from app.domain.problem import Kind, ProblemError, problem
from app.domain.redaction import redact, register

T = TypeVar("T")

APPLICATION = "Haplodesk"
VARIABLE = "HAPLODESK_KEYRING"
PART = 1000
PROBE_S = 5.0
CALL_S = 60.0  # the system may ask a person to unlock

_MARK = re.compile(r"^haplodesk-parts:([0-9a-f]{8}):([0-9]{1,4})$")
_TRUSTED = (
    "keyring.backends.SecretService",
    "keyring.backends.libsecret",
    "keyring.backends.kwallet",
    "keyring.backends.Windows",
    "keyring.backends.macOS",
)
_WAY_OUT = (
    "On Linux install and unlock gnome-keyring or KWallet, then start the program again. "
    f"Or set {VARIABLE}=memory to keep tokens and passwords until the program ends."
)


class Secrets(Protocol):
    """Where secrets are kept. Calls may wait for the system: not for the thread of the window or of HTTP."""

    def get(self, name: str) -> SecretStr | None:
        """The secret, None when there is none. Raises ProblemError."""
        ...

    def set(self, name: str, secret: SecretStr) -> None:
        """Keep a secret, in place of the one before. Raises ProblemError."""
        ...

    def delete(self, name: str) -> None:
        """Forget a secret; nothing happens when there is none. Raises ProblemError."""
        ...


def token_name(service_id: str) -> str:
    """The name of the token of a service."""
    return f"token:{service_id}"


def setup_name(service_id: str, field: str) -> str:
    """The name of a secret that was said of a service, such as the signature of its store."""
    return f"setup:{service_id}:{field}"


def password_name(job_id: str) -> str:
    """The name of the password of the results of a job."""
    return f"password:{job_id}"


class MemorySecrets:
    """Secrets of this session only; for tests and machines without a keyring, and only when asked for."""

    def __init__(self) -> None:
        self._kept: dict[str, SecretStr] = {}

    def get(self, name: str) -> SecretStr | None:
        """The secret, None when there is none."""
        return self._kept.get(name)

    def set(self, name: str, secret: SecretStr) -> None:
        """Keep a secret until the program ends."""
        register(secret)
        self._kept[name] = secret

    def delete(self, name: str) -> None:
        """Forget a secret."""
        self._kept.pop(name, None)


class Backend(Protocol):
    """What is used of a back end of keyring."""

    def get_password(self, service: str, username: str) -> str | None:
        """The entry, None when there is none."""
        ...

    def set_password(self, service: str, username: str, password: str) -> None:
        """Write an entry."""
        ...

    def delete_password(self, service: str, username: str) -> None:
        """Remove an entry."""
        ...


class KeyringSecrets:
    """Secrets in a back end of keyring; each call runs in a thread of its own, with a time limit."""

    def __init__(self, backend: Backend, limit_s: float = CALL_S) -> None:
        self._backend = backend
        self._limit_s = limit_s
        self._one_at_a_time = threading.Lock()

    def get(self, name: str) -> SecretStr | None:
        """The secret, None when there is none or a part of it was lost."""
        with self._one_at_a_time:
            text = _within(lambda: self._read(name), self._limit_s)
        if text is None:
            return None
        register(text)
        return SecretStr(text)

    def set(self, name: str, secret: SecretStr) -> None:
        """Keep a secret, in place of the one before."""
        register(secret)
        with self._one_at_a_time:
            _within(lambda: self._write(name, secret.get_secret_value()), self._limit_s)

    def delete(self, name: str) -> None:
        """Forget a secret and all its parts."""
        with self._one_at_a_time:
            _within(lambda: self._remove(name), self._limit_s)

    def _entry(self, name: str) -> str | None:
        return self._backend.get_password(APPLICATION, name)

    def _read(self, name: str) -> str | None:
        head = self._entry(name)
        parts = [self._entry(part) for part in _part_names(name, head)]
        if not parts:
            return head
        found = [part for part in parts if part is not None]
        return "".join(found) if len(found) == len(parts) else None

    def _write(self, name: str, text: str) -> None:
        before = _part_names(name, self._entry(name))
        head, parts = text, _pieces(text)
        if len(parts) > 1 or _MARK.match(text):
            head = f"haplodesk-parts:{token_hex(4)}:{len(parts)}"
        for part_name, part in zip(_part_names(name, head), parts, strict=False):
            self._backend.set_password(APPLICATION, part_name, part)
        self._backend.set_password(APPLICATION, name, head)
        self._remove_entries(before)

    def _remove(self, name: str) -> None:
        head = self._entry(name)
        if head is not None:
            self._backend.delete_password(APPLICATION, name)
            self._remove_entries(_part_names(name, head))

    def _remove_entries(self, names: list[str]) -> None:
        for name in names:
            if self._entry(name) is not None:
                self._backend.delete_password(APPLICATION, name)


def _part_names(name: str, head: str | None) -> list[str]:
    mark = _MARK.match(head or "")
    if not mark:
        return []
    return [f"{name}#{mark[1]}.{number}" for number in range(1, int(mark[2]) + 1)]


def _pieces(text: str) -> list[str]:
    """Pieces of at most 1,000 UTF-16 units, which is how Windows counts."""
    size = PART if all(ord(letter) < 0x10000 for letter in text) else PART // 2
    return [text[start : start + size] for start in range(0, len(text), size)]


def open_secrets(environment: Mapping[str, str]) -> Secrets:
    """The keyring of the system, proved by writing, reading and removing a trial entry within 5 seconds.

    `HAPLODESK_KEYRING=memory` keeps secrets in memory. Raises ProblemError where there is no keyring, it is
    locked, it would write plain files, or the variable has another value.
    """
    wanted = environment.get(VARIABLE, "")
    if wanted == "memory":
        return MemorySecrets()
    if wanted:
        raise problem(
            Kind.INPUT,
            f"The value of {VARIABLE} is not understood",
            f"It may be memory or not set at all, and is {wanted[:40]!r}.",
            f"Set {VARIABLE}=memory, or unset it to use the keyring of the system.",
        )
    backend = _within(_chosen_backend, PROBE_S)
    _within(lambda: _probe(backend), PROBE_S)
    return KeyringSecrets(backend)


def _chosen_backend() -> Backend:
    import keyring

    chosen = keyring.get_keyring()
    if type(chosen).__module__ == "keyring.backends.chainer":
        trusted = [each for each in getattr(chosen, "backends", ()) if type(each).__module__ in _TRUSTED]
        chosen = trusted[0] if trusted else next(iter(getattr(chosen, "backends", ())), chosen)
    module = type(chosen).__module__
    if module in _TRUSTED:
        return chosen
    if module.startswith(("keyring.backends.fail", "keyring.backends.null", "keyring.backends.chainer")):
        raise _no_keyring("This system has no keyring that the program can reach.", module)
    raise _no_keyring(
        f"The keyring that is set up ({module}) is not one known to encrypt what it keeps.", module
    )


def _probe(backend: Backend) -> None:
    name, value = f"trial:{token_hex(6)}", token_hex(12)
    backend.set_password(APPLICATION, name, value)
    found = backend.get_password(APPLICATION, name)
    with suppress(Exception):
        backend.delete_password(APPLICATION, name)
    if found != value:
        raise _no_keyring("The keyring did not give back what was put into it.", type(backend).__module__)


def _within(call: Callable[[], T], seconds: float) -> T:
    """Run a call that may hang in a thread that may be left behind; every error becomes a Problem."""
    answer: Future[T] = Future()

    def work() -> None:
        try:
            answer.set_result(call())
        except Exception as error:  # noqa: BLE001  (each system has errors of its own; the caller tells them)
            answer.set_exception(error)

    threading.Thread(target=work, name="keyring", daemon=True).start()
    wait((answer,), timeout=seconds)
    if not answer.done():
        raise _no_keyring("The keyring did not answer in time; it may wait to be unlocked.", "time limit")
    error = answer.exception()
    if error is None or isinstance(error, ProblemError):
        return answer.result()
    raise _keyring_problem(error) from error


def _keyring_problem(error: BaseException) -> ProblemError:
    """Back ends raise their own errors (D-Bus, Windows, macOS); their names are enough to explain."""
    name = type(error).__name__
    if name in ("KeyringLocked", "InitError", "PromptDismissedException", "LockedException"):
        return _no_keyring("The keyring is locked.", redact(f"{name}: {error}"))
    if name in ("NoKeyringError", "ImportError", "ModuleNotFoundError"):
        return _no_keyring("This system has no keyring that the program can reach.", name)
    return _no_keyring("The keyring answers with an error.", redact(f"{name}: {error}"))


def _no_keyring(happened: str, details: str) -> ProblemError:
    return problem(
        Kind.STORE,
        "Tokens and passwords cannot be kept safely",
        happened,
        _WAY_OUT,
        subject="keyring",
        details=details,
    )
