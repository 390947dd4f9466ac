"""Files with more chromosome names than any genome: memory is bounded, and human chromosomes are kept."""

from collections import Counter
from pathlib import Path

import numpy as np

from app.genotypes.check import check_files
from app.genotypes.chromosome_names import MOST_NAMES, OTHER_NAMES
from app.genotypes.scan import scan_file
from app.genotypes.split_scan import PartFound
from tests.unit.genotypes.vcf_text import names, record, vcf

CALLS = ["0/1", "0/0", "1/1", "0/1"]


def many(path: Path, count: int) -> Path:
    """`count` foreign names with a record each, then three records of chromosome 22."""
    rows = [record(5, CALLS, chromosome=f"HLA{number}") for number in range(count)]
    rows += [record(16_050_000 + place, CALLS, chromosome="22") for place in (1, 2, 3)]
    path.write_bytes(vcf(rows, names(4)))
    return path


def test_a_human_chromosome_behind_thousands_of_names_keeps_its_records(tmp_path: Path) -> None:
    scan = scan_file(many(tmp_path / "a.vcf", MOST_NAMES + 50))
    assert scan.chromosomes[-2:] == [OTHER_NAMES, "22"]
    assert len(scan.chromosomes) == MOST_NAMES + 2
    written = [scan.chromosomes[number] for number in scan.sites.chromosome.tolist()]
    assert written.count(OTHER_NAMES) == 50
    assert written[-3:] == ["22"] * 3


def test_it_is_told(tmp_path: Path) -> None:
    report = check_files([many(tmp_path / "a.vcf", MOST_NAMES + 1)])
    assert "22" in report.chromosomes
    assert "chromosome.too_many" in {each.code for each in report.findings}
    few = check_files([many(tmp_path / "b.vcf", 20)])
    assert "chromosome.too_many" not in {each.code for each in few.findings}


def test_parts_of_a_file_are_numbered_alike() -> None:
    first = found([f"HLA{number}" for number in range(MOST_NAMES)])
    numbers = first.add(found(["other", "22", "another"]))
    assert first.names[MOST_NAMES:] == [OTHER_NAMES, "22"]
    assert numbers.tolist() == [MOST_NAMES, MOST_NAMES + 1, MOST_NAMES]


def found(chromosomes: list[str]) -> PartFound:
    """What a process found in a part with these names."""
    none = np.zeros(0, np.int64)
    return PartFound(chromosomes, none, none, {}, Counter(), lines=0, records=0, variants=0)
