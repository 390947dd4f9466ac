"""How Home tells what needs the user."""

from __future__ import annotations

import pytest

from app.ui.attention import Need, NeedKind
from app.ui.colours import Status
from app.ui.views.home.blocks import need_words
from tests.ui.samples import NOW, ago, soon


def need(kind: NeedKind, **more: object) -> Need:
    made = Need(kind, "jobs", "x", "cohort-A", "Because.")
    return made if not more else Need(**{**made.__dict__, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", list(NeedKind), ids=[kind.value for kind in NeedKind])
def test_every_need_names_its_thing_and_has_a_button(kind: NeedKind) -> None:
    said = need_words(need(kind), NOW, "Michigan")
    assert "cohort-A" in said.title
    assert said.button
    assert said.status in (Status.WARNING, Status.FAILED)


def test_times_are_told_from_now() -> None:
    ends = need_words(need(NeedKind.TOKEN_EXPIRES, at=soon(hours=20)), NOW, "")
    assert ends.title == "The token for cohort-A ends in 20 h"
    ended = need_words(need(NeedKind.TOKEN_EXPIRES, at=ago(hours=1)), NOW, "")
    assert ended.title == "The token for cohort-A has ended"
    expires = need_words(need(NeedKind.RESULT_EXPIRES, at=soon(hours=18)), NOW, "")
    assert expires.title == "The result of cohort-A is deleted in 18 h"
    assert need_words(need(NeedKind.SERVICE_DOWN), NOW, "").detail == "A job waits for it."
    down = need_words(need(NeedKind.SERVICE_DOWN, at=ago(hours=2)), NOW, "")
    assert down.detail == "Down since 2 h ago; a job waits for it."


def test_a_job_that_waits_for_a_token_names_its_service() -> None:
    assert need_words(need(NeedKind.SIGN_IN, detail=""), NOW, "Michigan").detail == "Michigan"


def test_the_practice_server_is_started_whatever_is_wrong() -> None:
    said = need_words(need(NeedKind.SERVICE_DOWN, practice=True), NOW, "")
    assert (said.detail, said.button) == ("", "Start the practice server")
