"""Real servers of WES on loopback, from the environment `.venv-wes` that `packaging/dev.py test` makes.

Source: ga4gh.md 4.1, 4.2. The script by which Sapporo runs an engine is rewritten in a copy for the time of a
test: the engine is started on this computer in place of a container.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from types import TracebackType

import pytest

VENV = Path(__file__).resolve().parents[2] / ".venv-wes"
_PROGRAMS = ("jq", "bcftools", "tabix", "minimac4", "bash")
_LIMIT_S = 120.0
USER, OTHER_USER, PASSWORD = "tester", "another", "Practice-123"

_CWLTOOL = """function run_cwltool() {
    cd "${exe_dir}"
    local -a cmd_arr=(cwltool --no-container --outdir "${outputs_dir}" --tmpdir-prefix "${tmp_dir}/")
    _append_engine_params cmd_arr
    cmd_arr+=("${wf_url}" "${wf_params}")
    _write_and_run cmd_arr
}
"""
_NO_CRATE = "function generate_ro_crate() {\n    :\n}\n"
_WES_SERVICE = """
import sys
from argparse import Namespace
from wes_service import wes_service_main as main
opts = ["runner=cwltool", "extra=--no-container"]
app = main.setup(Namespace(backend="wes_service.cwl_runner", opt=opts, auth="", port=0, debug=False, host=""))
app.run(host="127.0.0.1", port=int(sys.argv[1]))
"""


def need_real_servers() -> None:
    """Skip a test where the servers or the programs that they run are not installed."""
    if not (VENV / "bin" / "sapporo").is_file():
        pytest.skip("the real servers are not installed; packaging/dev.py test does it")
    missing = [name for name in _PROGRAMS if shutil.which(name) is None]
    if missing:
        pytest.skip(f"{missing[0]} is not installed")


def free_port() -> int:
    """A port that nobody listens at now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class RealServer:
    """A server process; use it as a context. Its end ends everything that it started."""

    def __init__(self, folder: Path) -> None:
        need_real_servers()
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        """What starts it."""
        raise NotImplementedError

    def __enter__(self) -> RealServer:
        bin_folder = VENV / "bin"
        environment = {
            **os.environ,
            "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
            "SAPPORO_CANCEL_GRACE_SECONDS": "2",
            "PYTHONWARNINGS": "ignore",
            # Toil keeps settings and a history in the home of its user.
            "HOME": str(self.folder),
            "TOIL_HISTORY": "0",
        }
        with (self.folder / "server.log").open("wb") as log:
            self._process = subprocess.Popen(
                self.command(),
                cwd=self.folder,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End it, and everything that it started."""
        if self._process is None:
            return
        # Only the group that was started here; it may have ended by itself.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    @property
    def info_url(self) -> str:
        """Where it says of itself."""
        return f"{self.base}/service-info"

    def _wait(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + _LIMIT_S
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(self.info_url, timeout=60):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.2)
        raise AssertionError((self.folder / "server.log").read_text(errors="replace")[-3000:])


class Sapporo(RealServer):
    """Sapporo with cwltool; `signed` lets only its two users in."""

    def __init__(self, folder: Path, *, signed: bool = False) -> None:
        super().__init__(folder)
        self.signed = signed

    def command(self) -> list[str]:
        """Its run folder has to exist before."""
        (self.folder / "runs").mkdir(exist_ok=True)
        script = self._script()
        words = [str(VENV / "bin" / "sapporo"), "--host", "127.0.0.1", "--port", str(self.port)]
        words += ["--run-dir", str(self.folder / "runs"), "--run-sh", str(script)]
        return [*words, "--auth-config", str(self._auth())] if self.signed else words

    def _script(self) -> Path:
        (source,) = VENV.glob("lib/python3*/site-packages/sapporo/run.sh")
        text = source.read_text()
        for name, body in (("run_cwltool", _CWLTOOL), ("generate_ro_crate", _NO_CRATE)):
            pattern = re.compile(rf"function {name}\(\) \{{\n.*?\n\}}\n", re.DOTALL)
            text, number = pattern.subn(body.replace("\\", r"\\"), text, count=1)
            assert number == 1, f"the script of Sapporo has no {name}"
        script = self.folder / "run_local.sh"
        script.write_text(text)
        script.chmod(0o755)
        return script

    def _auth(self) -> Path:
        (source,) = VENV.glob("lib/python3*/site-packages/sapporo/auth_config.json")
        told = json.loads(source.read_text())
        words = [str(VENV / "bin" / "sapporo-cli"), "hash-password", "--password", PASSWORD]
        said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
        told["auth_enabled"] = True
        own = told["sapporo_auth_config"]
        own["secret_key"] = "a secret of a test that is long enough for the server 0123456789"
        hashed = said[said.index("$") :].strip()
        own["users"] = [{"username": name, "password_hash": hashed} for name in (USER, OTHER_USER)]
        path = self.folder / "auth.json"
        path.write_text(json.dumps(told))
        return path

    def token(self, user: str = USER) -> str:
        """Sign in as one of its users."""
        form = {"grant_type": "password", "username": user, "password": PASSWORD}
        data = urllib.parse.urlencode(form).encode()
        with urllib.request.urlopen(f"{self.base}/token", data=data, timeout=60) as answer:
            return str(json.load(answer)["access_token"])


class WesService(RealServer):
    """wes-service of Arvados, the bad citizen: phantom runs, a cancel that does nothing, errors as 500."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.base = f"http://127.0.0.1:{self.port}/ga4gh/wes/v1"

    def command(self) -> list[str]:
        """It has no way to be told its address but from Python."""
        return [str(VENV / "bin" / "python"), "-c", _WES_SERVICE, str(self.port)]


class Toil(RealServer):
    """Toil with its own CWL runner: run ids and addresses of a kind of their own, results on its disk."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        if not (VENV / "bin" / "toil").is_file():
            pytest.skip("Toil is not installed; packaging/dev.py test does it")
        self.base = f"http://127.0.0.1:{self.port}/ga4gh/wes/v1"

    def command(self) -> list[str]:
        """Without a broker: each run is a process of the server."""
        words = [str(VENV / "bin" / "toil"), "server", "--host", "127.0.0.1", "--port", str(self.port)]
        words += ["--work_dir", str(self.folder / "work"), "--bypass_celery", "--workers", "1"]
        return [*words, "--opt=--no-container"]
