"""How groups stand, read from columns, is what the domain says of their whole jobs."""

from __future__ import annotations

from sqlalchemy import Connection

from app.domain.job import JobState
from app.domain.job_group import group_state
from app.store import jobs
from app.store.store import Store
from tests.unit.store.nouns import a_job


def test_groups_stand_as_their_jobs_do(store: Store) -> None:
    """One sent again counts as its successor, if that is in the group; a text cannot pose as such a mark."""
    made = (
        a_job("a1", group="a", state=JobState.SUCCESS),
        a_job("a2", group="a", state=JobState.FAILED, sent_again_as="a3"),
        a_job("a3", group="a", state=JobState.RUNNING),
        a_job("a4", group="a", state=JobState.FAILED, sent_again_as="forgotten"),
        a_job("b1", group="b", state=JobState.EXPORTING, name='"sent_again_as":"b2"'),
        a_job("b2", group="b", state=JobState.RUNNING),
        a_job("b3", group="b", state=JobState.FAILED, sent_again_as="a1"),
        a_job("alone", group=None, state=JobState.FAILED),
    )

    def keep(c: Connection) -> None:
        for each in made:
            jobs.save_job(c, each)

    store.write_now(keep)
    told = store.read_now(lambda c: jobs.group_states(c, {"a", "b", "none"}))
    for group in ("a", "b"):
        assert told[group] == group_state([each for each in made if each.group == group])
    assert told["a"].words() == "1 done, 1 failed, 1 running"
    assert told["b"].words() == "1 failed, 2 running"
    assert told["none"].words() == ""
