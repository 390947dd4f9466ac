"""Where the data folder is."""

from pathlib import Path

import pytest
from platformdirs import user_data_path

from app.domain.data_folder import default_home


@pytest.mark.parametrize(
    ("data", "own"), [("", "home"), ("data", "home"), ("relative", "home"), ("data", "")], ids="abcd"
)
def test_it_is_where_platformdirs_says(
    data: str, own: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HAPLODESK_HOME", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / data) if data == "data" else data)
    monkeypatch.setenv("HOME", str(tmp_path / own) if own else "")
    assert default_home() == user_data_path("Haplodesk", appauthor=False)


def test_a_named_one_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HAPLODESK_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert default_home() == tmp_path
