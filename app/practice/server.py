"""A Cloudgene-compatible imputation server on loopback, in a thread of its own.

Off unless started. It can be reached from this computer only: other addresses are refused, and so are
requests that name another host. Jobs, the token and panels are kept in its home folder.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import secrets
import shutil
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Self

from app.practice import accounts, lifecycle
from app.practice.context import Context, RequestLog, ShiftedClock
from app.practice.faults import Faults
from app.practice.panels import PanelShelf
from app.practice.records import JobRecord, Records
from app.practice.settings import Mode, PracticeLimits, ServerText

if TYPE_CHECKING:
    import uvicorn

    from app.practice.runner import Work

logger = logging.getLogger(__name__)
_START_S = 30.0


class PracticeServer:
    """Use `start()` and `stop()`, or `with`. `base_url` is known after the start.

    `faults`, `clock` and `requests` may be used at any time and from any thread. `panels` is the shelf of
    installed panels. `engine` (`builtin`, `minimac4`, `beagle`) imputes, by default Minimac4 where it is
    found and else the built-in one; `work` takes the place of the real work. With `practice_panels` a server
    that has no panel gets the practice panels at its start, which takes some seconds. Raises ValueError for
    an address that is not loopback, OSError when the port is taken.
    """

    def __init__(
        self,
        home: Path,
        mode: str | Mode = Mode.CG3_LOCAL,
        port: int = 0,
        *,
        host: str = "127.0.0.1",
        workers: int = 1,
        limits: PracticeLimits | None = None,
        text: ServerText | None = None,
        work: Work | None = None,
        practice_panels: bool = True,
        engine: str | None = None,
    ) -> None:
        if not ipaddress.ip_address(host).is_loopback:
            raise ValueError(f"the practice server listens on this computer only, not on {host}")
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        _keep_private(home)
        shutil.rmtree(home / "incoming", ignore_errors=True)
        self._host = host
        self._port = port
        self._workers = workers
        self._work = work
        self._practice_panels = practice_panels
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._end: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None
        self.panels = PanelShelf(home / "panels")
        self._context = Context(
            home=home,
            mode=Mode(mode),
            limits=limits or PracticeLimits(),
            text=text or ServerText(),
            records=Records(home / "practice.db"),
            panels=self.panels,
            engine=engine,
            practice_key=secrets.token_urlsafe(16),
        )

    @property
    def base_url(self) -> str:
        """Where the server is; empty before the start."""
        return self._context.base_url

    @property
    def object_url(self) -> str:
        """Where the object store of mode `cg3-s3` is."""
        return self._context.object_url

    @property
    def mode(self) -> Mode:
        """The generation that is played."""
        return self._context.mode

    @property
    def faults(self) -> Faults:
        """What goes wrong."""
        return self._context.faults

    @property
    def clock(self) -> ShiftedClock:
        """The server's time."""
        return self._context.clock

    @property
    def requests(self) -> RequestLog:
        """All requests so far."""
        return self._context.requests

    @property
    def practice_key(self) -> str:
        """The key for `/practice/…`."""
        return self._context.practice_key

    def token(self) -> str:
        """The active API token."""
        return accounts.current_token(self._context)

    def new_token(self, days: float | None = None) -> str:
        """A new token; the old one is dead. Negative days make one that has ended."""
        return accounts.new_token(self._context, days)

    def revoke_token(self) -> None:
        """Take the token away; `token()` makes a new one."""
        accounts.revoke_token(self._context)

    def jobs(self) -> list[JobRecord]:
        """The server's own view of all jobs, newest first."""
        return self._context.records.jobs()

    def job_folder(self, job_id: str) -> Path:
        """Where the files of a job are."""
        return self._context.job_folder(job_id)

    def lose_active_jobs(self) -> list[str]:
        """Set all active jobs to -1, as a restart would."""
        return lifecycle.lose_active_jobs(self._context)

    def restart_lost_jobs(self) -> list[str]:
        """Queue the jobs again that a restart has lost, as their owner might."""
        return [job.id for job in self.jobs() if lifecycle.restart_job(self._context, job.id)]

    def wake(self) -> None:
        """Look at the queue again, for example after `faults.hold_jobs` was taken back."""
        if self._context.runner is not None:
            self._context.runner.wake()

    def start(self) -> Self:
        """Bind, start the thread and wait until requests are answered."""
        if self._thread is not None:
            return self
        if self._practice_panels and not self.panels.packages():
            from app.practice.cohort import add_practice_panels

            add_practice_panels(self.panels)
        lifecycle.lose_active_jobs(self._context)
        sockets = self._bind_all()
        self._failure, self._end = None, None
        self._ready.clear()
        self._thread = threading.Thread(target=self._main, args=(sockets,), name="practice server")
        self._thread.start()
        in_time = self._ready.wait(_START_S)
        if self._failure is not None or not in_time:
            self.stop()
            raise RuntimeError("the practice server did not start") from self._failure
        return self

    def stop(self) -> None:
        """End all requests and jobs and let go of port, thread and folder; harmless when done twice."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._end_thread(thread)
        self._context.base_url = self._context.object_url = ""
        self._context.records.close()

    def _end_thread(self, thread: threading.Thread) -> None:
        if self._end is not None:
            loop, event = self._end
            with contextlib.suppress(RuntimeError):  # the loop has ended by itself
                loop.call_soon_threadsafe(event.set)
        thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _bind_all(self) -> list[socket.socket]:
        """The sockets of the server and of the object store, all or none."""
        sockets = [self._bind(self._port)]
        self._context.base_url = _address(sockets[0])
        if self.mode is Mode.CG3_S3:
            try:
                sockets.append(self._bind(0))
            except OSError:
                sockets[0].close()
                self._context.base_url = ""
                raise
            self._context.object_url = _address(sockets[1])
        return sockets

    def _bind(self, port: int) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((self._host, port))
        except OSError:
            listener.close()
            raise
        return listener

    def _main(self, sockets: list[socket.socket]) -> None:
        """Body of the thread."""
        try:
            asyncio.run(self._serve(sockets))
        except BaseException as error:  # noqa: BLE001 - told to the thread that waits in start()
            self._failure = error
            logger.exception("the practice server ended")
        finally:
            for each in sockets:
                each.close()
            self._ready.set()

    async def _serve(self, sockets: list[socket.socket]) -> None:
        from app.practice.pipeline import run_job
        from app.practice.runner import Runner
        from app.practice.web import make_servers

        end = asyncio.Event()
        self._end = (asyncio.get_running_loop(), end)
        self._context.runner = Runner(self._context, self._workers, self._work or run_job)
        servers = make_servers(self._context)
        tasks = [
            asyncio.create_task(server.serve(sockets=[listener]))
            for server, listener in zip(servers, sockets, strict=True)
        ]
        try:
            await self._until_ready(servers, tasks)
            self._ready.set()
            await end.wait()
        finally:
            for server in servers:
                server.should_exit = True
            await self._context.runner.close()
            self._context.runner = None
            await asyncio.gather(*tasks)

    async def _until_ready(self, servers: list[uvicorn.Server], tasks: list[asyncio.Task[None]]) -> None:
        while not all(server.started for server in servers):
            if any(task.done() for task in tasks):
                raise RuntimeError("a socket could not be served")
            await asyncio.sleep(0.01)


def _keep_private(home: Path) -> None:
    """Let nobody else look into the folder: it holds the signing key, uploads and, for a while, passwords."""
    with contextlib.suppress(OSError):  # a file system without permissions
        home.chmod(0o700)


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
