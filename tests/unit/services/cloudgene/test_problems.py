"""The error border: every way of failing, in words."""

import http.client
import json
import socket
import ssl

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import redaction
from app.domain.problem import Kind, ProblemError
from app.services.cloudgene.problems import (
    border,
    last_border,
    message_of,
    problem_of,
    refuse_failure,
    unreadable,
)
from app.transport.download import ShortAnswerError
from app.transport.reply import AnswerError, Reply
from app.transport.wire import StoppedError


def own(message: str) -> bytes:
    return json.dumps({"success": False, "message": message}).encode()


def framework(message: str) -> bytes:
    return json.dumps(
        {"_links": {}, "_embedded": {"errors": [{"message": message}]}, "message": message}
    ).encode()


@pytest.mark.parametrize(
    ("reply", "kind", "title", "retry"),
    [
        (Reply(401, body=framework("Unauthorized")), Kind.SIGN_IN, "The token is not accepted", False),
        (Reply(403, body=framework("Forbidden")), Kind.SIGN_IN, "The token is no longer good", False),
        (Reply(403, body=own("Access denied.")), Kind.REFUSED, "The service does not show you this", False),
        (Reply(404, body=own("Job x not found.")), Kind.NOT_FOUND, "The service does not have this", False),
        (
            Reply(400, body=own("Only 3 jobs per user can be executed simultaneously.")),
            Kind.REFUSED,
            "You have as many running jobs as this service allows",
            True,
        ),
        (
            Reply(400, body=own("number of max downloads exceeded.")),
            Kind.REFUSED,
            "This file was downloaded as often as the service allows",
            False,
        ),
        (
            Reply(503, body=own("This functionality is currently under maintenance.")),
            Kind.BUSY,
            "The service is under maintenance",
            True,
        ),
        (
            Reply(
                413, body=framework("The content length [9] exceeds the maximum allowed content length [5]")
            ),
            Kind.REFUSED,
            "The upload is too large for this service",
            False,
        ),
        (
            Reply(413, body=b"<html>nginx</html>"),
            Kind.REFUSED,
            "The upload is too large for this service",
            False,
        ),
        (
            Reply(400, body=own("Parameter 'x' not found.")),
            Kind.REFUSED,
            "The service does not know a field that was sent",
            False,
        ),
        (Reply(400, body=b"java.lang.NullPointerException"), Kind.REFUSED, "The service refused this", False),
        (
            Reply(502, body=b"<html><h1>Bad Gateway</h1></html>"),
            Kind.BUSY,
            "The service does not answer",
            True,
        ),
        (Reply(408), Kind.BUSY, "The service does not answer in time", True),
        (Reply(599), Kind.BUSY, "The service does not answer", True),
        (
            Reply(504, body=b"<html>the response time exceeds the maximum allowed</html>"),
            Kind.BUSY,
            "The service does not answer in time",
            True,
        ),
        (
            Reply(502, body=own("Only 3 jobs per user can be executed simultaneously. Access denied")),
            Kind.BUSY,
            "The service does not answer",
            True,
        ),
        (Reply(418), Kind.REFUSED, "The service refused this", False),
    ],
)
def test_answers(reply: Reply, kind: Kind, title: str, retry: bool) -> None:
    found = problem_of(reply, "s").problem
    assert (found.kind, found.title, found.retry, found.subject) == (kind, title, retry, "s")
    assert "<" not in found.what_happened
    assert found.what_happened


def test_retry_after_reaches_the_problem() -> None:
    assert problem_of(Reply(429, {"retry-after": "7"})).problem.retry_after_s == 7


def test_success_false_with_status_200() -> None:
    refuse_failure(Reply(200, body=b'{"success": true}'))
    refuse_failure(Reply(200, body=b"[]"))
    with pytest.raises(ProblemError) as caught:
        refuse_failure(Reply(200, body=own("number of max downloads exceeded.")))
    assert caught.value.problem.title == "This file was downloaded as often as the service allows"
    with pytest.raises(ProblemError) as caught:
        refuse_failure(Reply(200, body=own("no")))
    assert (caught.value.problem.kind, caught.value.problem.title) == (
        Kind.REFUSED,
        "The service refused this",
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (own("<b>x</b><br>y"), "x y"),
        (b'{"error": "e"}', "e"),
        (b'{"_embedded": {"errors": [{"message": "inner"}]}}', "inner"),
        (b'{"message": null}', ""),
        (b"Error", "Error"),
        (b"<html><body><h1>502</h1></body></html>", "502"),
        (b"\xff\xfe{", "\ufffd\ufffd{"),
        (b"", ""),
    ],
)
def test_messages(body: bytes, message: str) -> None:
    assert message_of(Reply(400, body=body)) == message


def test_secrets_that_a_server_repeats_are_hidden() -> None:
    redaction.register("Sup3rSecretPassword")
    try:
        long = b"x" * 290 + b" Sup3rSecretPassword"
        for body in (b'For input string: "Sup3rSecretPassword"', own("no Sup3rSecretPassword"), long):
            assert "Sup3r" not in problem_of(Reply(400, body=body)).problem.model_dump_json()
            assert "Sup3r" not in unreadable(Reply(200, body=body)).problem.model_dump_json()
    finally:
        redaction.forget_all()
    link = own("see /share/results/0123456789abcdef/chr_1.zip")
    assert "0123456789abcdef" not in message_of(Reply(400, body=link))


def test_a_page_in_place_of_json() -> None:
    page = unreadable(
        Reply(200, {"content-type": "text/html"}, b"<html><body>Sign in to Hotel WiFi</body></html>")
    )
    assert "Sign in to Hotel WiFi" in page.problem.what_happened
    assert "guest network" in page.problem.what_you_can_do
    assert unreadable(Reply(200, {}, b'{"tru')).problem.title == "The answer of the service is broken"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (httpx.ConnectTimeout("x"), Kind.NO_NETWORK),
        (httpx.ReadTimeout("x"), Kind.NO_NETWORK),
        (httpx.ConnectError("x"), Kind.NO_NETWORK),
        (httpx.RemoteProtocolError("x"), Kind.NO_NETWORK),
        (TimeoutError(), Kind.NO_NETWORK),
        (ConnectionResetError(104, "x"), Kind.NO_NETWORK),
        (socket.gaierror(-2, "x"), Kind.NO_NETWORK),
        (http.client.IncompleteRead(b""), Kind.NO_NETWORK),
        (http.client.BadStatusLine("x"), Kind.NO_NETWORK),
        (ShortAnswerError("1 of 2"), Kind.NO_NETWORK),
        (ssl.SSLCertVerificationError(1, "x"), Kind.REFUSED),
        (AnswerError(Reply(302), "points to https://login.example"), Kind.REFUSED),
        (StoppedError(), Kind.CANCELLED),
        (httpx.InvalidURL("x"), Kind.NO_NETWORK),
        (ValueError("https://x/share/results/abc"), Kind.NO_NETWORK),
        (UnicodeEncodeError("latin-1", "x", 0, 1, "no"), Kind.NO_NETWORK),
        (ImportError("socksio"), Kind.NO_NETWORK),
    ],
)
def test_errors_of_libraries(error: Exception, kind: Kind) -> None:
    with pytest.raises(ProblemError) as caught, border("s"):
        raise error
    assert (caught.value.problem.kind, caught.value.problem.subject) == (kind, "s")
    assert caught.value.problem.sentence().endswith((".", "!", "?"))
    assert "share" not in caught.value.problem.model_dump_json()


def test_the_cause_below_httpx_is_found() -> None:
    outer = httpx.ConnectError("x")
    outer.__cause__ = ssl.SSLCertVerificationError(1, "bad")
    with pytest.raises(ProblemError) as caught, border():
        raise outer
    assert caught.value.problem.title == "The service could not prove who it is"


def test_bugs_pass_the_first_border_and_leave_the_last_one_without_their_data() -> None:
    with pytest.raises(ProblemError) as caught, last_border(), border():
        raise KeyError("secret")
    found = caught.value.problem
    assert (found.kind, found.retry) == (Kind.BUG, False)
    assert found.details.startswith("KeyError at test_problems.py:")
    assert "secret" not in found.model_dump_json()
    assert caught.value.__cause__ is None


@given(st.integers(300, 599), st.binary(max_size=200))
def test_any_answer_becomes_a_problem(status: int, body: bytes) -> None:
    found = problem_of(Reply(status, body=body)).problem
    assert found.title
    assert len(found.what_happened) < 400
