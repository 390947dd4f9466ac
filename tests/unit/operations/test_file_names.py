"""Names of files: a server may change odd letters, this computer does not."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.domain.dataset import DataFile
from app.domain.service import Service
from app.operations.draft_job import check_file


def obstacles(path: Path, family: str) -> list[str]:
    path.write_bytes(b"x")
    stat = path.stat()
    file = DataFile(path=str(path), name=path.name, size=stat.st_size, modified=stat.st_mtime_ns)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    service = Service(id="s", name="S", family=family, base_url="http://s.localhost", added=now)
    return [each.problem.title for each in check_file(file, service)]


@pytest.mark.parametrize("name", ["Jäger chr 7.vcf.gz", "täter.vcf.gz"])
def test_umlauts_and_spaces_are_sent_to_no_server_but_imputed_here(tmp_path: Path, name: str) -> None:
    assert obstacles(tmp_path / name, "cloudgene") == ["A risky file name"]
    assert obstacles(tmp_path / name, "local") == []
    assert obstacles(tmp_path / "plain.chr7.vcf.gz", "cloudgene") == []
