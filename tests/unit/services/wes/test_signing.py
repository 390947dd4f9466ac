"""Addresses of stores that let nobody in without a signature, and the secret behind it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import SecretStr

from app.domain.job import JobFile
from app.domain.problem import Kind, ProblemError
from app.domain.progress import silent
from app.domain.redaction import redact
from app.services.contract import Connection, RemoteFile
from app.services.wes import Wes, signing
from app.services.wes.order import data_file
from app.services.wes.signing import bucket_url, read_address, read_secret, write_url
from app.services.wes.storing import put_files
from tests.helpers.wes_stub import STARTER_KIT, WesStub
from tests.services.family_contract import fetch

# The worked example of the documentation of AWS; these keys open nothing.
EXAMPLE_KEYS = "AKIAIOSFODNN7EXAMPLE:wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
SIGNED = "sv=2022-11-02&sr=c&sp=cw&sig=abc%2Fdef%3D"


def connection(secret: str, **setup: str) -> Connection:
    return Connection(
        service_id="node",
        base_url="https://node.example",
        setup=setup,
        secrets={"storage_secret": SecretStr(secret)},
    )


def test_the_worked_example_of_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signing, "READ_FOR", timedelta(days=1))
    here = connection(EXAMPLE_KEYS, storage_read="signed")
    at = datetime(2013, 5, 24, tzinfo=UTC)
    url = read_address(here, "https://examplebucket.s3.amazonaws.com/test.txt", at)
    told = parse_qs(urlsplit(url).query)
    assert told["X-Amz-Signature"] == ["aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"]
    assert "aeeed9bbccd4" not in redact(f"could not read {url}")


def test_a_signed_query_stands_behind_each_address() -> None:
    place = "https://store.blob.core.windows.net/in/study.x1/a b.vcf.gz"
    here = connection("?" + SIGNED)
    assert write_url(here, place) == f"https://store.blob.core.windows.net/in/study.x1/a%20b.vcf.gz?{SIGNED}"
    assert read_address(here, place) == place
    by_signature = connection(SIGNED, storage_read="signed")
    assert read_address(by_signature, place) == write_url(here, place)


@pytest.mark.parametrize("text", ["hello", "key:", ":secret", "a b=c", "sig=a#b", "sig=ü"])
def test_what_is_no_secret_of_a_store(text: str) -> None:
    with pytest.raises(ProblemError) as caught:
        read_secret(SecretStr(text))
    assert text not in caught.value.problem.model_dump_json()


@pytest.fixture
def store() -> Iterator[WesStub]:
    with WesStub(STARTER_KIT) as running:
        yield running


def test_a_file_goes_to_its_signed_address_and_no_message_tells_it(store: WesStub, tmp_path: Path) -> None:
    (tmp_path / "a.vcf.gz").write_bytes(b"genotypes")
    here = connection(SIGNED).model_copy(update={"base_url": store.url})
    stored = ((data_file(tmp_path / "a.vcf.gz"), f"{store.url}/in/a.vcf.gz"),)
    asyncio.run(put_files(here, stored, "", tmp_path, silent))
    assert store.extra[f"/in/a.vcf.gz?{SIGNED}"][2] == b"genotypes"
    store.stop()
    with pytest.raises(ProblemError) as caught:
        asyncio.run(put_files(here, stored, "", tmp_path, silent))
    assert "sig" not in json.dumps(caught.value.problem.model_dump(mode="json"))


@pytest.mark.parametrize(
    ("storage", "place"),
    [
        ("https://minio.example:9000/results/in", "https://minio.example:9000/results/out/a%20b.vcf.gz"),
        ("https://results.s3.eu-west-1.amazonaws.com", "https://results.s3.eu-west-1.amazonaws.com/out/a%20b.vcf.gz"),
        ("https://s3.eu-west-1.amazonaws.com/results", "https://s3.eu-west-1.amazonaws.com/results/out/a%20b.vcf.gz"),
    ],
    ids=("own", "host", "path"),
)  # fmt: skip
def test_a_result_in_the_bucket_of_the_store_is_read_by_its_keys(storage: str, place: str) -> None:
    here = connection(EXAMPLE_KEYS, storage=storage)
    url = bucket_url(here, "s3://results/out/a b.vcf.gz")
    assert url is not None
    assert url.startswith(f"{place}?X-Amz-Algorithm=")
    for address in ("s3://other/out/a.vcf.gz", "gs://results/a", "s3://results/../other/a", "/results/a"):
        assert bucket_url(here, address) is None
    assert bucket_url(connection(SIGNED, storage=storage), "s3://results/a") is None
    assert bucket_url(here.model_copy(update={"setup": {}}), "s3://results/a") is None


def test_the_signed_address_of_a_result_is_asked_without_our_token(store: WesStub) -> None:
    here = connection(EXAMPLE_KEYS, storage=f"{store.url}/results/in").model_copy(
        update={"base_url": "http://127.0.0.2:1", "token": SecretStr("ours")}
    )
    told = json.dumps({"address": "s3://results/a.vcf.gz", "checksum": "", "run": "r1"})
    file = RemoteFile(file=JobFile(name="a.vcf.gz", downloads_left=-1), locator=SecretStr(told))
    with pytest.raises(ProblemError) as caught:
        asyncio.run(fetch(Wes(), here, file))
    assert caught.value.problem.kind is Kind.NOT_FOUND
    assert store.requests[0].startswith("GET /results/a.vcf.gz?X-Amz-Algorithm=")
    assert "authorization" not in store.heads[0]
    assert "X-Amz" not in caught.value.problem.model_dump_json()
