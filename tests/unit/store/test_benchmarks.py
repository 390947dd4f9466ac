"""Benchmarks survive the end of the program."""

from datetime import UTC, datetime, timedelta

from app.domain.benchmark import Benchmark, BenchmarkEntry, EntryState, HiddenSites, Standing
from app.store import benchmarks
from app.store.store import Store

NOW = datetime(2026, 11, 26, tzinfo=UTC)


def standing(place: int) -> Standing:
    return Standing(
        score=0.5, error=0.01, r2=0.6, r2_error=0.01, present=0.8, place=place, not_apart=(3 - place,)
    )


def made(number: int) -> Benchmark:
    entries = tuple(
        BenchmarkEntry(
            key=f"e{place}",
            service_id="s",
            service_name="S",
            app_id="a",
            panel_id=f"p{place}",
            panel_name=f"P{place}",
            state=EntryState.SCORED if place < 3 else EntryState.FAILED,
            standing=standing(3 - place) if place < 3 else None,
        )
        for place in (1, 2, 3)
    )
    hidden = HiddenSites(seed=1, share=0.02, chromosomes=("20",), people=50, typed=100, hidden=2, by_maf=())
    return Benchmark(
        id=f"bench-{number}",
        name="It",
        dataset_id="data-1",
        masked_id="data-2",
        created=NOW + timedelta(days=number),
        hidden=hidden,
        entries=entries,
    )


def test_they_come_back_newest_first_and_go(store: Store) -> None:
    for number in (1, 2):
        store.write_now(lambda c, n=number: benchmarks.save_benchmark(c, made(n)))  # type: ignore[misc]
    assert store.read_now(benchmarks.benchmarks) == (made(2), made(1))
    assert store.read_now(lambda c: benchmarks.benchmark(c, "bench-1")) == made(1)
    store.write_now(lambda c: benchmarks.remove_benchmark(c, "bench-1"))
    assert store.read_now(lambda c: benchmarks.benchmark(c, "bench-1")) is None
    assert store.read_now(benchmarks.benchmarks) == (made(2),)


def test_what_an_entry_says_of_the_whole() -> None:
    one = made(1)
    assert one.states() == "2 scored, 1 failed"
    assert one.done
    assert [each.key for each in one.ranking] == ["e2", "e1"]
    assert one.winner is not None
    assert one.winner.key == "e2"
    assert one.entry("e3") is not None
    assert one.entry("e9") is None
