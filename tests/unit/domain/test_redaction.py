"""No secret gets through, and what is no secret stays readable."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from app.domain.redaction import HIDDEN, forget_all, redact, register

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4iLCJleHAiOjE3OTB9.s3cr3t-Sig_nature"
CG2 = "eyJjdHkiOiJ0ZXh0XC9wbGFpbiIsImFsZyI6IkhTMjU2In0.eyJleHBpcmUiOjE3MH0.AbCdEf012345"
HASH = "0123456789abcdef" * 4

SECRET_TEXTS = [
    (f"token {JWT} was sent", JWT),
    (f"{CG2}", CG2),
    (f"https://example.org/?next={JWT}&x=1", JWT),
    ("X-Auth-Token: abc.def/ghi", "abc.def/ghi"),
    ("x-auth-token=plain-old-token", "plain-old-token"),
    ("{'X-Auth-Token': 'not a jwt', 'a': 1}", "not a jwt"),
    ('{"X-Auth-Token": "not a jwt"}', "not a jwt"),
    ("[(b'X-Auth-Token', b'bytes-token'), (b'Host', b'x')]", "bytes-token"),
    ("Authorization: Bearer abcdefghijk", "abcdefghijk"),
    ("Authorization: Basic YW5uOnNlY3JldA==", "YW5uOnNlY3JldA"),
    ("Proxy-Authorization: Bearer abcdefghijk", "abcdefghijk"),
    ("Cookie: session=12345; other=678", "12345"),
    ("Set-Cookie: session=12345; Path=/", "12345"),
    ("password=hunter2&job=1", "hunter2"),
    ("password: hunter2", "hunter2"),
    ('{"password": "two words \\" and quote", "job": 1}', "quote"),
    ("{'password': 'two words'}", "words"),
    ('json in json {\\"password\\": \\"hunter2\\"}', "hunter2"),
    ("passphrase = 'open sesame'", "sesame"),
    ("GET /login?token=abc123def&x=1", "abc123def"),
    ("GET /login?access_token=abc123def", "abc123def"),
    ('{"access_token": "abc123def", "token_type": "x"}', "abc123def"),
    (f"GET /share/results/{HASH}/chr_20.zip", HASH),
    (f"https://example.org/share/results/{HASH}", HASH),
    (f"next=%2Fshare%2Fresults%2F{HASH}%2Fchr_20.zip", HASH),
    (f"/share/ann/{HASH}/chr_20.zip", HASH),
    (f"/downloads/job-20260101-1/{HASH}/chr_20.zip", HASH),
    (
        "https://b.s3.amazonaws.com/k?X-Amz-Credential=AKIA123&X-Amz-Signature=deadbeef&X-Amz-Expires=3600",
        "deadbeef",
    ),
    ("https://b.s3.amazonaws.com/k?X-Amz-Security-Token=FwoGZXIvYXdz%2F&x=1", "FwoGZXIvYXdz"),
    (
        "https://b.s3.amazonaws.com/k?AWSAccessKeyId=AKIA1&Signature=vjbyPxybdZ%3D&Expires=1175139620",
        "vjbyPxybdZ",
    ),
    ("https://b.s3.amazonaws.com/k?AWSAccessKeyId=AKIA1&Signature=vjby&Expires=1175139620", "1175139620"),
    ("to=https%3A%2F%2Fs3%2Fk%3FX-Amz-Signature%3Ddeadbeef%26a%3D1", "deadbeef"),
    ("https://ann:hunter2@proxy.example.org:3128", "hunter2"),
    ("postgresql://ann:hunter2@db/haplodesk", "hunter2"),
    ("/home/annabel/cohort/chr20.vcf.gz", "annabel"),
    ("/Users/annabel/cohort", "annabel"),
    ("C:\\Users\\annabel\\cohort", "annabel"),
    ('{"path": "C:\\\\Users\\\\annabel\\\\cohort"}', "annabel"),
]

HARMLESS = [
    "GET https://imputation.example.org/api/v2/jobs?page=1 200 in 81 ms",
    "the token expires in 7 days",
    "password_set=True",
    "a wrong password, or a damaged archive",
    "job-7k2mfq9x3tzd is running: chunk 3 of 12",
    "/usr/share/doc/haplodesk and /downloads/heart/chr20.zip",
    f"sha256 {HASH} of chr20.vcf.gz",
    "the expected signature of a ZIP file was not found",
    "http://127.0.0.1:8080/jobs",
    "",
]


@pytest.fixture(autouse=True)
def _nothing_registered() -> None:
    forget_all()


@pytest.mark.parametrize(("text", "secret"), SECRET_TEXTS)
def test_a_secret_is_hidden(text: str, secret: str) -> None:
    assert secret in text
    assert secret not in redact(text)
    assert redact(redact(text)) == redact(text)


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


def test_the_name_of_a_shared_file_stays() -> None:
    assert redact(f"GET /share/results/{HASH}/chr_20.zip") == f"GET /share/results/{HIDDEN}/chr_20.zip"


@pytest.mark.parametrize("secret", ["hunter2!", 'with "quotes" & <signs>', "Grüße/und\\mehr", "a+b c%d"])
def test_a_registered_secret_is_hidden_in_every_spelling(secret: str) -> None:
    from html import escape
    from urllib.parse import quote, quote_plus

    register(SecretStr(secret))
    for spelled in (
        secret,
        quote(secret, safe=""),
        quote_plus(secret),
        escape(secret),
        json.dumps(secret),
        repr(secret),
    ):
        shown = redact(f"before {spelled} after")
        assert shown.startswith("before ")
        assert shown.endswith(" after")
        assert HIDDEN in shown
        assert secret not in shown
        assert spelled.strip("\"'") not in shown


def test_short_texts_are_not_taken_for_secrets() -> None:
    register("abc")
    assert redact("abc abcdef") == "abc abcdef"


def test_the_longer_of_two_secrets_is_hidden_whole() -> None:
    register("hunter")
    register("hunter-and-gatherer")
    assert redact("hunter-and-gatherer") == HIDDEN


def test_only_so_many_secrets_are_remembered() -> None:
    for number in range(300):
        register(f"secret-number-{number:04d}")
    assert redact("secret-number-0299") == HIDDEN
    assert redact("secret-number-0000") == "secret-number-0000"


def test_the_home_folder_is_a_tilde(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/srv/people/ann")
    monkeypatch.setenv("USERPROFILE", "/srv/people/ann")
    assert redact("open /srv/people/ann/cohort.vcf") == "open ~/cohort.vcf"
    assert redact("/srv/people/anna") == "/srv/people/anna"
    assert redact("at /srv/people/ann.") == "at ~."


@given(st.text())
def test_any_text_is_taken(text: str) -> None:
    redact(text)


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "?",
        "eyJ",
        "eyJaaaaaa.",
        "/share/",
        "/downloads/a/",
        "://",
        "://a:",
        "password=",
        'password="',
        "token",
        "X-Amz-",
    ]
    + ["%2F", "=%3D", "cookie:", "\\", '"', " ", "/home/", "\ud800"],
)
def test_long_texts_take_time_in_proportion(piece: str) -> None:
    text = piece * (200_000 // len(piece))
    began = time.thread_time()
    redact(text)
    assert time.thread_time() - began < 2
