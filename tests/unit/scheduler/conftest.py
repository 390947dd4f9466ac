"""A desk with a server in memory for every test of the scheduler."""

from tests.helpers.desk_fixtures import desk, fake, ready
from tests.helpers.finished_job import done

__all__ = ["desk", "done", "fake", "ready"]
