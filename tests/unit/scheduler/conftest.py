"""A desk with a server in memory for every test of the scheduler."""

from tests.helpers.desk_fixtures import desk, fake, ready

__all__ = ["desk", "fake", "ready"]
