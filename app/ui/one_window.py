"""One window a data folder: a second start rings at the first one, which comes to the front."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

CONNECT_MS = 500
PATIENCE_S = 4.0


class Doorbell(QObject):
    """Listens for other starts of the program on the same folder; only this user can ring."""

    rang = Signal()

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._answer)
        name = _name(folder)
        QLocalServer.removeServer(name)  # left by a window that was killed: the lock says that it is gone
        self._server.listen(name)

    def close(self) -> None:
        """Listen no more."""
        self._server.close()

    def _answer(self) -> None:
        while (caller := self._server.nextPendingConnection()) is not None:
            caller.disconnected.connect(caller.deleteLater)
            self.rang.emit()


def ring(folder: Path, patience_s: float = PATIENCE_S) -> bool:
    """Ask the window of that folder to come to the front; False when none answers.

    The other window may be starting just now, so it is tried for a while.
    """
    socket, end = QLocalSocket(), time.monotonic() + patience_s
    while True:
        socket.connectToServer(_name(folder))
        if socket.waitForConnected(CONNECT_MS):
            socket.disconnectFromServer()
            return True
        if time.monotonic() >= end:
            return False
        time.sleep(0.1)


def _name(folder: Path) -> str:
    return "haplodesk-" + hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:20]
