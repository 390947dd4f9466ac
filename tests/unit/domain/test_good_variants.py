"""How many variants are good is a count of those with an R2, not of all in the range."""

from app.domain.result import MafBin, Quality


def bins(judged: int | None) -> tuple[MafBin, ...]:
    return (
        MafBin(
            maf_from=0, maf_to=0.5, variants=40, mean_r2=0.9, share_r2_03=1, share_r2_08=0.5, judged=judged
        ),
    )


def test_typed_variants_without_an_r2_are_not_good() -> None:
    assert Quality(samples=2, variants=40, by_maf=bins(30)).good == 15
    assert Quality(samples=2, variants=40, by_maf=bins(None)).good == 20
