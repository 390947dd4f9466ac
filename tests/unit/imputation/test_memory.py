"""The work is cut until it fits, and refused in a sentence where it cannot fit."""

import pytest

from app.domain.problem import ProblemError
from app.imputation.contract import EngineName, PhasingName
from app.imputation.memory import Load, fit, forecast_mb


def load(engine: EngineName, samples: int = 500, **how: object) -> Load:
    """The measured study of the reference: 20 Mb, 5,008 haplotypes, 211,614 sites, 5,030 typed."""
    return Load(
        engine=engine,
        phasing=PhasingName.NONE,
        samples=samples,
        panel_haplotypes=5008,
        panel_sites=(10_580,) * 20,
        typed_sites=(251,) * 20,
        **how,  # type: ignore[arg-type]
    )


def test_forecasts_are_near_what_was_measured() -> None:
    minimac4 = forecast_mb(load(EngineName.MINIMAC4), 20_000_000, 3_000_000, 2, 500)
    assert 1100 <= minimac4 <= 1100 * 2
    beagle = forecast_mb(load(EngineName.BEAGLE), 20_000_000, 3_000_000, 2, 500)
    assert 2000 <= beagle <= 4500
    packed = load(EngineName.BUILTIN, panel_bytes=(26_725_472 // 20,) * 20)
    assert 120 <= forecast_mb(packed, 20_000_000, 3_000_000, 2, 500) <= 120 * 1.8


@pytest.mark.parametrize("engine", [*EngineName], ids=str)
def test_less_memory_means_smaller_pieces(engine: EngineName) -> None:
    little = 280 if engine is EngineName.BUILTIN else 1000
    rich, poor = fit(load(engine), 16_000, 8), fit(load(engine), little, 8)
    assert (rich.chunk_bp, rich.overlap_bp, rich.threads) == (20_000_000, 3_000_000, 8)
    smaller = poor.chunk_bp < rich.chunk_bp or poor.threads < 8 or poor.temp_buffer < rich.temp_buffer
    assert smaller
    assert poor.memory_mb <= little


@pytest.mark.parametrize("samples", [50, 500, 20_000])
@pytest.mark.parametrize("sites", [500, 10_580, 100_000])
@pytest.mark.parametrize("haplotypes", [600, 5008, 60_000])
def test_the_builtin_engine_takes_no_more_than_minimac4(samples: int, sites: int, haplotypes: int) -> None:
    """A panel of rare and common sites as they are found: a fifth of what bits would take."""
    ours, theirs = (
        Load(
            engine=engine,
            phasing=PhasingName.NONE,
            samples=samples,
            panel_haplotypes=haplotypes,
            panel_sites=(sites,) * 20,
            typed_sites=(251,) * 20,
            panel_bytes=(sites * haplotypes // 40,) * 20,
        )
        for engine in (EngineName.BUILTIN, EngineName.MINIMAC4)
    )
    for threads in (1, 8):
        cuts = (20_000_000, 3_000_000, threads, min(200, samples))
        assert forecast_mb(ours, *cuts) <= forecast_mb(theirs, *cuts)


def test_what_cannot_fit_is_refused() -> None:
    with pytest.raises(ProblemError, match="not enough memory") as caught:
        fit(load(EngineName.MINIMAC4, samples=200_000), 300, 8)
    assert "200,000 people" in caught.value.problem.what_happened


def test_haploid_people_need_one_buffer() -> None:
    assert fit(load(EngineName.MINIMAC4, haploid=True), 16_000, 2).temp_buffer == 500
    assert fit(load(EngineName.MINIMAC4), 16_000, 2).temp_buffer == 200


def test_java_leaves_room_for_what_is_not_its_heap() -> None:
    """With a heap of the whole limit 1.1 GB were taken where 600 MB were forecast."""
    assert fit(load(EngineName.BEAGLE), 16_000, 2).memory_mb == 16_000 - 300
