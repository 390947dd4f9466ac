"""What does not end keeps nothing else open."""

from __future__ import annotations

from concurrent.futures import Future

import pytest

from app.ui import running


def test_the_rest_is_closed_when_something_does_not_end_or_fails(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(running, "CLOSE_WAIT_S", 0.01)
    running._wait_for("The visits", Future())
    failed: Future[None] = Future()
    failed.set_exception(OSError("full"))
    running._wait_for("The places of the window", failed)
    assert caplog.messages == [
        "The visits had not ended after 0.01 s",
        "The places of the window did not end well",
    ]
