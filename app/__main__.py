"""`haplodesk` and `python -m app`: the window without arguments, the command line with them."""

import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if getattr(sys, "frozen", False):
    from multiprocessing import freeze_support

    freeze_support()  # before anything else of the program is imported: a frozen child ends here

if TYPE_CHECKING:
    from app.cli.program import PracticeServed
    from app.operations.desk import Desk
    from app.store.logs import Logging


class WholeProgram:
    """The parts that the command line cannot import itself, each loaded when it is asked for."""

    _logging: "Logging | None" = None

    def home(self, named: Path | None) -> Path:
        """The data folder."""
        from app.domain.data_folder import default_home

        return (named.expanduser() if named else default_home()).absolute()

    def database(self, home: Path) -> Path:
        """The database file of a data folder."""
        from app.domain.data_folder import DATABASE

        return home / DATABASE

    def open_desk(self, home: Path) -> "Desk":
        """Open the data folder."""
        from app.application import open_desk
        from app.store.logs import start_logging

        desk = open_desk(home)
        self._logging = start_logging(home / "logs", name="command-line")
        return desk

    def close_desk(self, desk: "Desk") -> None:
        """Close the data folder."""
        desk.closing = True
        desk.store.close()
        if self._logging is not None:
            self._logging.close()

    def run_window(self, home: Path | None) -> int:
        """Open the window."""
        gc.disable()  # from here on the window collects, in its own thread only (app/ui/garbage.py)
        from app.application import run_window

        return run_window(home)

    def look_at_window(self) -> str:
        """Load Qt without opening anything."""
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        from PySide6 import QtCore, QtGui, QtSvg, QtWidgets

        loaded = [each.__name__.rpartition(".")[2] for each in (QtCore, QtGui, QtSvg, QtWidgets)]
        return f"Qt {QtCore.qVersion()}: {', '.join(loaded)}."

    def start_practice(self, home: Path, port: int, mode: str) -> "PracticeServed":
        """Start a practice server with its panels."""
        from app.practice.cohort import add_practice_panels
        from app.practice.server import PracticeServer

        server = PracticeServer(home, mode, port)
        add_practice_panels(server.panels)
        return server.start()

    def make_practice_data(self, folder: Path, samples: int, sites: int, seed: int) -> tuple[Path, ...]:
        """Write invented data."""
        from app.practice.cohort import make_practice_data

        data = make_practice_data(folder, samples, sites, seed)
        faulty = tuple(data.faulty.values())
        return (*data.cohort, *data.truth, *data.panel, *data.maps, *faulty, data.people, data.readme)


def main(arguments: list[str] | None = None) -> int:
    """Run the program; the exit code."""
    from app.cli.main import run

    return run(sys.argv[1:] if arguments is None else arguments, WholeProgram())


if __name__ == "__main__":
    sys.exit(main())
