"""Threads that work beside one another."""

import threading
from functools import partial

import pytest

from app.imputation.crew import Crew


def test_work_is_done_and_its_results_are_taken_in_any_order() -> None:
    with Crew(3) as crew:
        tasks = [crew.give(partial(pow, number, 2)) for number in range(50)]
        assert [each.result() for each in reversed(tasks)] == [n * n for n in reversed(range(50))]


def test_two_threads_work_at_the_same_time() -> None:
    met = threading.Barrier(2)
    with Crew(2) as crew:
        both = [crew.give(lambda: met.wait(60)) for _ in range(2)]
        assert sorted(each.result() for each in both) == [0, 1]


def test_an_error_is_told_to_who_asks_and_the_others_go_on() -> None:
    with Crew(1) as crew:
        wrong, right = crew.give(lambda: 1 // 0), crew.give(lambda: 7)
        with pytest.raises(ZeroDivisionError):
            wrong.result()
        assert right.result() == 7


def test_cancelled_work_is_not_begun_and_the_end_waits_for_the_rest() -> None:
    gate, done = threading.Event(), []
    with Crew(1) as crew:
        crew.give(lambda: gate.wait(60))
        crew.give(lambda: done.append("kept"))
        crew.give(lambda: done.append("cancelled")).cancel()
        gate.set()
    assert done == ["kept"]
