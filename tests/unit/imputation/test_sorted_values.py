"""Values among others."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.imputation.sorted_values import among

numbers = st.lists(st.integers(0, 30), max_size=20)


@given(numbers, numbers)
def test_it_is_what_a_set_says(values: list[int], known: list[int]) -> None:
    found = among(np.array(values, dtype=np.int64), np.array(sorted(known), dtype=np.int64))
    assert found.tolist() == [each in known for each in values]
