"""Secrets in parts, in the right back end, or a sentence; proved with a real gnome-keyring."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.domain.problem import Kind, ProblemError
from app.domain.redaction import forget_all, redact
from app.store import secrets
from app.store.secrets import KeyringSecrets, MemorySecrets, open_secrets, password_name, token_name


class Entries:
    """A back end in memory; refuses long entries, as Windows does."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.fail_at: int | None = None
        self.writes = 0

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.writes += 1
        if self.fail_at == self.writes:
            raise OSError("the power went away")
        if len(password.encode("utf-16-le")) > 2560:
            raise ValueError("1783 the stub received bad data")
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    yield
    forget_all()


SHORT, LONG, LONGER = "a" * 1000, "b" * 1001, "c" * 5000


@pytest.mark.parametrize(
    "text", ["", "x", SHORT, LONG, LONGER, "ü" * 1500, "𝔘" * 900, "haplodesk-parts:00000000:3"]
)
def test_a_secret_comes_back_and_goes_without_a_trace(text: str) -> None:
    entries = Entries()
    kept = KeyringSecrets(entries)
    assert kept.get("token:a") is None
    kept.set("token:a", SecretStr(text))
    assert kept.get("token:a") == SecretStr(text)
    kept.delete("token:a")
    assert kept.get("token:a") is None
    assert entries.kept == {}
    kept.delete("token:a")


def test_a_replaced_secret_leaves_no_old_parts() -> None:
    entries = Entries()
    kept = KeyringSecrets(entries)
    for text, number in ((LONGER, 6), (LONG, 3), (SHORT, 1), (LONG, 3)):
        kept.set("token:a", SecretStr(text))
        assert kept.get("token:a") == SecretStr(text)
        assert len(entries.kept) == number


@pytest.mark.parametrize("fail_at", range(1, 5))
def test_a_broken_replacement_leaves_the_old_secret(fail_at: int) -> None:
    entries = Entries()
    kept = KeyringSecrets(entries)
    kept.set("token:a", SecretStr(LONGER))
    entries.writes, entries.fail_at = 0, fail_at
    with pytest.raises(ProblemError, match="answers with an error"):
        kept.set("token:a", SecretStr("d" * 3500))
    assert kept.get("token:a") == SecretStr(LONGER)


def test_a_secret_with_a_lost_part_is_none() -> None:
    entries = Entries()
    kept = KeyringSecrets(entries)
    kept.set("token:a", SecretStr(LONGER))
    name = next(name for _, name in entries.kept if name.endswith(".3"))
    entries.delete_password(secrets.APPLICATION, name)
    assert kept.get("token:a") is None


@pytest.mark.parametrize("kept", [MemorySecrets(), KeyringSecrets(Entries())])
def test_what_passes_through_is_hidden_from_logs(kept: secrets.Secrets) -> None:
    kept.set(token_name("svc-1"), SecretStr("plain-old-token"))
    assert "plain-old-token" not in redact("got plain-old-token")
    forget_all()
    assert kept.get("token:svc-1") == SecretStr("plain-old-token")
    if isinstance(kept, KeyringSecrets):
        assert "plain-old-token" not in redact("got plain-old-token")


def test_memory_keeps_secrets_for_the_session() -> None:
    kept = open_secrets({"HAPLODESK_KEYRING": "memory"})
    kept.set(password_name("job-1"), SecretStr("hunter2"))
    assert kept.get("password:job-1") == SecretStr("hunter2")
    kept.delete("password:job-1")
    kept.delete("password:job-1")
    assert kept.get("password:job-1") is None


def test_any_other_value_is_refused() -> None:
    with pytest.raises(ProblemError, match="not understood") as caught:
        open_secrets({"HAPLODESK_KEYRING": "file"})
    assert caught.value.problem.kind == Kind.INPUT
    assert "HAPLODESK_KEYRING=memory" in caught.value.problem.what_you_can_do


def _with_backend(monkeypatch: pytest.MonkeyPatch, backend: object) -> None:
    import keyring

    monkeypatch.setattr(keyring, "get_keyring", lambda: backend)


def _backend_of(module: str, **members: object) -> object:
    """A back end that looks as if it came from that module."""
    return type("Keyring", (Entries,), {"__module__": module, **members})()


@pytest.mark.parametrize(
    ("module", "sentence"),
    [
        ("keyring.backends.fail", "no keyring"),
        ("keyring.backends.null", "no keyring"),
        ("keyring.backends.chainer", "no keyring"),
        ("keyrings.alt.file", "not one known to encrypt"),
        ("keyrings.cryptfile.cryptfile", "not one known to encrypt"),
    ],
)
def test_no_back_end_that_keeps_plain_text_is_used(
    monkeypatch: pytest.MonkeyPatch, module: str, sentence: str
) -> None:
    backend = _backend_of(module)
    _with_backend(monkeypatch, backend)
    with pytest.raises(ProblemError, match=sentence) as caught:
        open_secrets({})
    assert caught.value.problem.kind == Kind.STORE
    assert "gnome-keyring" in caught.value.problem.what_you_can_do
    assert "HAPLODESK_KEYRING=memory" in caught.value.problem.what_you_can_do
    assert isinstance(backend, Entries)
    assert backend.writes == 0


def test_of_a_chain_the_first_trusted_back_end_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, good = _backend_of("keyrings.alt.file"), _backend_of("keyring.backends.SecretService")
    _with_backend(monkeypatch, _backend_of("keyring.backends.chainer", backends=[plain, good]))
    kept = open_secrets({})
    kept.set("token:a", SecretStr("secret"))
    assert isinstance(plain, Entries)
    assert isinstance(good, Entries)
    assert plain.kept == {}
    assert list(good.kept) == [(secrets.APPLICATION, "token:a")]


def _raiser(name: str) -> object:
    def refuse(*_: object) -> None:
        raise type(name, (Exception,), {})("Failed to create the collection: Prompt dismissed")

    return refuse


@pytest.mark.parametrize("error", ["InitError", "KeyringLocked"])
def test_a_locked_keyring_is_told(monkeypatch: pytest.MonkeyPatch, error: str) -> None:
    _with_backend(monkeypatch, _backend_of("keyring.backends.SecretService", set_password=_raiser(error)))
    with pytest.raises(ProblemError, match="locked"):
        open_secrets({})


def test_a_keyring_that_forgets_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    silent = _backend_of("keyring.backends.kwallet", get_password=lambda *_: None)
    _with_backend(monkeypatch, silent)
    with pytest.raises(ProblemError, match="did not give back"):
        open_secrets({})


def test_a_keyring_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    free = threading.Event()
    _with_backend(monkeypatch, _backend_of("keyring.backends.kwallet", set_password=lambda *_: free.wait(60)))
    monkeypatch.setattr(secrets, "PROBE_S", 0.2)
    try:
        with pytest.raises(ProblemError, match="did not answer in time"):
            open_secrets({})
        assert not free.is_set()
    finally:
        free.set()
        for thread in threading.enumerate():
            if thread.name == "keyring":
                thread.join()


REAL = """
import os, sys, time
from pathlib import Path
from pydantic import SecretStr
from app.store.secrets import KeyringSecrets, open_secrets

began = time.monotonic()
kept = open_secrets(os.environ)
opened = time.monotonic() - began
assert isinstance(kept, KeyringSecrets), kept
token = "".join(f"token-{n:04d}." for n in range(500))[:5000]
assert kept.get("token:svc-1") is None
kept.set("token:svc-1", SecretStr(token))
kept.set("password:job-1", SecretStr("Grüße-hunter2"))
assert open_secrets(os.environ).get("token:svc-1") == SecretStr(token)
assert kept.get("password:job-1") == SecretStr("Grüße-hunter2")
files = [path for path in Path(os.environ["XDG_DATA_HOME"]).rglob("*.keyring")]
assert files, "no keyring file"
for path in files:
    data = path.read_bytes()
    for plain in (token[:11], token[1000:1011], token[-11:], "hunter2"):
        assert plain.encode() not in data, (path.name, plain)
    assert b"token:svc-1" not in data
kept.delete("token:svc-1")
kept.delete("password:job-1")
assert kept.get("token:svc-1") is None
import secretstorage
bus = secretstorage.dbus_init()
left = [item.get_attributes() for item in secretstorage.get_default_collection(bus).get_all_items()]
bus.close()
assert left == [], left
print("kept and forgotten")
"""

SESSION = """
exec 2>&1
printf %s "$KEYRING_PASSWORD" | gnome-keyring-daemon --unlock --components=secrets --foreground >/dev/null &
daemon=$!
for _ in 1 2 3 4 5 6 7 8 9 10; do
    ls "$XDG_RUNTIME_DIR/keyring/control" >/dev/null 2>&1 && break
    sleep 0.2
done
sleep 0.3
"$PYTHON" "$SCRIPT"
status=$?
kill $daemon
exit $status
"""


def _real_session(tmp_path: Path, session: str) -> subprocess.CompletedProcess[str]:
    if not (shutil.which("gnome-keyring-daemon") and shutil.which("dbus-run-session")):
        pytest.skip("gnome-keyring or dbus-run-session is not installed")
    home, runtime = tmp_path / "home", tmp_path / "run"
    home.mkdir()
    runtime.mkdir(mode=0o700)
    script = tmp_path / "script.py"
    script.write_text(REAL, encoding="utf-8")
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(Path(__file__).parents[3]),
        "HOME": str(home),
        "XDG_DATA_HOME": str(home / "data"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_RUNTIME_DIR": str(runtime),
        "KEYRING_PASSWORD": "test-pass",
        "PYTHON": sys.executable,
        "SCRIPT": str(script),
        "LC_ALL": "C.UTF-8",
    }
    command = ["dbus-run-session", "--", "sh", "-c", session]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=90, check=False)


@pytest.mark.skipif(sys.platform != "linux", reason="gnome-keyring is a program of Linux")
def test_a_real_gnome_keyring_keeps_a_long_token_encrypted(tmp_path: Path) -> None:
    done = _real_session(tmp_path, SESSION)
    assert done.returncode == 0, done.stdout
    assert "kept and forgotten" in done.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="gnome-keyring is a program of Linux")
def test_a_real_session_without_an_unlocked_keyring_is_a_sentence(tmp_path: Path) -> None:
    done = _real_session(tmp_path, '"$PYTHON" "$SCRIPT"')
    assert done.returncode == 1
    assert "Tokens and passwords cannot be kept safely" in done.stderr
    assert "HAPLODESK_KEYRING=memory" in done.stderr
