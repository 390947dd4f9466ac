"""Several problems at once, as a draft of a job has them."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.problem import Problem, ProblemError


class Refused(ProblemError):
    """The first problem, and `more` of them that stand in the way as well."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(problems[0])
        self.more = tuple(problems[1:])
