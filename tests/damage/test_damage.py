"""The damage test: what is wrong must be found, with its place, and good files must not be refused."""

from __future__ import annotations

import pytest

from tests.damage.generate import damaged, good
from tests.damage.judge import checked, missed

LEAST_FOUND = 0.98


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_damages_are_found_with_code_and_place() -> None:
    cases = list(damaged())
    kinds = {case.name.rstrip(" 0123456789") for case in cases if not case.name.startswith("several")}
    several = [case for case in cases if len(case.expected) > 1]
    assert len(cases) >= 250
    assert len(kinds) >= 40
    assert len(several) >= 50
    not_found = {}
    for case in cases:
        report = checked(case.files, case.chosen)
        if gap := missed(case, report):
            not_found[case.name] = (gap, [(each.code, each.where) for each in report.findings])
    assert len(not_found) <= (1 - LEAST_FOUND) * len(cases), not_found


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_good_files_are_not_refused() -> None:
    cases = list(good())
    assert len(cases) >= 50
    refused = {
        case.name: report.error for case in cases if not (report := checked(case.files, case.chosen)).accepted
    }
    assert refused == {}


def test_the_judge_wants_code_and_place() -> None:
    case = next(case for case in damaged() if case.name.startswith("vcf: short row"))
    report = checked(case.files, case.chosen)
    assert missed(case, report) == []
    elsewhere = report.model_copy(
        update={"findings": tuple(each.model_copy(update={"where": "line 1"}) for each in report.findings)}
    )
    assert missed(case, elsewhere) == list(case.expected)
    assert missed(case, report.model_copy(update={"findings": ()})) == list(case.expected)
