"""What is told of the room on a disk never contradicts itself."""

import pytest

from app.domain.room import room_words


@pytest.mark.parametrize(
    ("needed", "free", "words"),
    [
        (1, 0, ("0.1 MB", "0.0 MB")),
        (300_000, 250_000, ("0.3 MB", "0.2 MB")),
        (1_000_000_001, 1_000_000_000, ("1,000.1 MB", "1,000.0 MB")),
        (2.5e9, 99_999, ("2,500.0 MB", "0.0 MB")),
    ],
)
def test_what_is_needed_is_rounded_up_and_what_is_free_down(
    needed: float, free: float, words: tuple[str, str]
) -> None:
    assert room_words(needed, free) == words
