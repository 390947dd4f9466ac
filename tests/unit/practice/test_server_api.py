"""Server, application, token, profile: the answers of `cloudgene.md` 1 and 2."""

import asyncio
import base64
import json
import os
import socket
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from app.practice import server as practice_server
from app.practice.server import PracticeServer
from tests.unit.practice.client import call
from tests.unit.practice.conftest import MakeServer

FORM = "application/x-www-form-urlencoded"


def claims(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def verify(server: PracticeServer, token: str) -> Any:
    answer = call(
        server, "POST", "/api/v2/tokens/verify", token=None, body=f"token={token}", Content_Type=FORM
    )
    assert answer.status == 200
    return answer.json


def test_server_with_token(server: PracticeServer) -> None:
    body = call(server, "GET", "/api/v2/server").json
    assert body["loggedIn"] is True
    assert body["user"]["username"] == "learner"
    assert body["apps"] == [
        {"id": "imputationserver2@2.0.12", "name": "Genotype Imputation", "version": "2.0.12"}
    ]
    assert body["maintenace"] is False
    assert "maintenaceMessage" not in body
    assert body["deprecatedApps"] == []


def test_server_without_token(server: PracticeServer) -> None:
    body = call(server, "GET", "/api/v2/server", token=None).json
    assert body["loggedIn"] is False
    assert body["apps"] == []
    assert "user" not in body
    assert "deprecatedApps" not in body


def test_server_of_generation_2(make_server: MakeServer) -> None:
    body = call(make_server("cg2"), "GET", "/api/v2/server").json
    assert body["apps"] == [{"id": "imputationserver2", "name": "Genotype Imputation"}]
    assert "loggedIn" not in body


def test_maintenance(server: PracticeServer) -> None:
    server.faults.maintenance = True
    body = call(server, "GET", "/api/v2/server").json
    assert body["maintenace"] is True
    assert "<b>" in body["maintenaceMessage"]
    for path in ("/api/v2/jobs", "/api/v2/server/apps/imputationserver2"):
        answer = call(server, "GET", path)
        assert answer.status == 503
        assert answer.json == {
            "success": False,
            "message": "This functionality is currently under maintenance.",
        }


@pytest.mark.parametrize("name", ["imputationserver2", "imputationserver2@2.0.12"])
def test_app(server: PracticeServer, name: str) -> None:
    body = call(server, "GET", f"/api/v2/server/apps/{name}").json
    assert body["id"] == "imputationserver2"
    assert body["author"] is None
    assert "footer" in body
    params = {each["id"]: each for each in body["params"]}
    assert "password" not in params
    assert all(value is not None for each in body["params"] for value in each.values())
    assert params["refpanel"]["values"] == [
        {
            "key": "apps@tiny@1.0.0",
            "value": "Tiny panel (GRCh37/hg19)",
            "label": None,
            "values": None,
            "enabled": False,
        }
    ]
    bound = params["population"]["values"][0]
    assert (bound["key"], bound["label"]) == ("apps@tiny@1.0.0", "Tiny panel (GRCh37/hg19)")
    assert [each["key"] for each in bound["values"]] == ["one", "two"]
    keys = [each["key"] for each in params["phasing"]["values"]]
    assert keys == sorted(keys)


def test_app_errors(server: PracticeServer) -> None:
    assert call(server, "GET", "/api/v2/server/apps/imputationserver2", token=None).status == 401
    unknown = call(server, "GET", "/api/v2/server/apps/other")
    assert (unknown.status, unknown.json["message"]) == (
        404,
        "Application other not found or the request requires user authentication.",
    )
    package = call(server, "GET", "/api/v2/server/apps/tiny")
    assert package.status == 404
    assert package.json["message"].endswith("is a data package.")
    assert call(server, "GET", "/api/v2/server/apps").status == 403


def test_token_of_generation_3(server: PracticeServer) -> None:
    token = server.token()
    told = claims(token)
    assert told["token_type"] == "API_TOKEN"
    assert told["exp"] - told["iat"] == 30 * 86_400
    assert len(told["api_hash"]) == 30
    body = verify(server, token)
    assert body["valid"] is True
    assert body["message"] == "API Token was created by %s and is valid."
    assert datetime.fromisoformat(body["expire"]).timestamp() == told["exp"]


def test_token_of_generation_2(make_server: MakeServer) -> None:
    server = make_server("cg2")
    told = claims(server.token())
    assert "exp" not in told
    body = verify(server, server.token())
    assert body["expire"] == told["expire"] > 1e12
    assert "learner" in body["message"]
    assert verify(server, "") == {"valid": False, "message": "No API Token provided."}
    assert "expired on" in verify(server, server.new_token(-1))["message"]


def test_bad_tokens(server: PracticeServer) -> None:
    for token in ("", "abc", "a.b.c", server.token()[:-2], server.new_token(-1)):
        body = verify(server, token)
        assert (body["valid"], body["message"], body["username"]) == (False, "Invalid API Token.", None)


@pytest.mark.parametrize("kind", ["none", "garbage", "expired", "fault"])
def test_unauthorised(server: PracticeServer, kind: str) -> None:
    token: str | None = {"none": None, "garbage": "x.y.z", "fault": ""}.get(kind)
    if kind == "expired":
        token = server.new_token(-1)
    if kind == "fault":
        server.faults.token = "expired"
    answer = call(server, "GET", "/api/v2/jobs", token=token)
    assert answer.status == 401
    assert answer.json == {
        "_links": {"self": [{"href": "/api/v2/jobs", "templated": False}]},
        "_embedded": {"errors": [{"message": "Unauthorized"}]},
        "message": "Unauthorized",
    }
    anonymous = call(server, "GET", "/api/v2/server", token=token)
    assert (anonymous.status, anonymous.json["loggedIn"]) == (200, False)


@pytest.mark.parametrize("kind", ["revoked", "replaced", "fault"])
def test_forbidden(server: PracticeServer, kind: str) -> None:
    token = server.token()
    if kind == "revoked":
        server.revoke_token()
    elif kind == "replaced":
        server.new_token()
    else:
        server.faults.token = "revoked"
    for path in ("/api/v2/jobs", "/api/v2/server"):
        answer = call(server, "GET", path, token=token)
        assert (answer.status, answer.json["message"]) == (403, "Forbidden")
    assert call(server, "GET", "/api/v2/server", token=None).status == 200


def test_token_outlives_a_restart(make_server: MakeServer) -> None:
    first = make_server()
    token = first.token()
    first.stop()
    assert call(make_server(), "GET", "/api/v2/jobs", token=token).status == 200


def test_profile_counters_and_version(server: PracticeServer) -> None:
    profile = call(server, "GET", "/api/v2/users/me/profile").json
    assert (profile["username"], profile["apiTokenValid"]) == ("learner", True)
    assert call(server, "GET", "/api/v2/server/counters", token=None).json["users"] == 1
    picture = call(server, "GET", "/api/v2/server/version.svg", token=None)
    assert b"3.1.3" in picture.body
    assert picture.headers["content-type"].startswith("image/svg")


def test_profile_of_generation_2_says_no_in_plain_text(make_server: MakeServer) -> None:
    answer = call(make_server("cg2"), "GET", "/api/v2/users/me/profile", token=None)
    assert answer.status == 401
    assert answer.headers["content-type"].startswith("text/plain")


def test_errors_of_the_framework(server: PracticeServer) -> None:
    assert (
        call(server, "GET", "/api/v2/nothing").json["_embedded"]["errors"][0]["message"] == "Page Not Found"
    )
    wrong = call(server, "PUT", "/api/v2/jobs")
    assert wrong.status == 405
    assert "_links" in wrong.json


def test_only_loopback(tmp_path: Path, server: PracticeServer) -> None:
    for host in ("0.0.0.0", "192.168.1.4", "::"):
        with pytest.raises(ValueError, match="this computer only"):
            PracticeServer(tmp_path / "other", host=host)
    assert call(server, "GET", "/api/v2/server", token=None, Host="evil.example:80").status == 403


def test_control_needs_the_key(server: PracticeServer) -> None:
    body = json.dumps({"bad_gateway": 1})
    assert call(server, "POST", "/practice/faults", body=body).status == 403
    key = server.practice_key
    assert call(server, "POST", "/practice/faults", body=body, X_Practice_Key=key).json["bad_gateway"] == 1
    assert call(server, "GET", "/api/v2/server").status == 502
    wrong = call(server, "POST", "/practice/faults", body='{"nonsense": 1}', X_Practice_Key=key)
    assert (wrong.status, wrong.json) == (400, {"problem": "no such fault: nonsense"})
    before = server.token()
    assert (
        call(server, "POST", "/practice/tokens", body='{"days": 2}', X_Practice_Key=key).json["token"]
        != before
    )
    assert call(server, "POST", "/practice/revoke", X_Practice_Key=key).status == 200
    assert call(server, "POST", "/practice/clock", body='{"days": 1}', X_Practice_Key=key).status == 200
    assert call(server, "DELETE", "/practice/faults", X_Practice_Key=key).json["bad_gateway"] == 0
    seen = call(server, "GET", "/practice/requests", X_Practice_Key=key).json
    assert [each["path"] for each in seen] == ["/api/v2/server"]
    assert seen[0]["status"] == 502


def test_slow_answers(server: PracticeServer) -> None:
    import time

    server.faults.delay_s = 0.3
    started = time.monotonic()
    assert call(server, "GET", "/api/v2/server").status == 200
    assert time.monotonic() - started > 0.25


def test_front_page_for_links_to_jobs(server: PracticeServer) -> None:
    page = call(server, "GET", "/index.html", token=None)
    assert b"Practice server" in page.body


def test_log_of_requests(server: PracticeServer) -> None:
    call(server, "GET", "/api/v2/jobs?page=1", User_Agent="me/1", Range="bytes=1-")
    call(server, "GET", "/api/v2/server", token=None)
    first, second = server.requests.all()
    assert (first.method, first.path, first.query, first.status) == ("GET", "/api/v2/jobs", "page=1", 200)
    assert (first.user_agent, first.authorised, first.byte_range) == ("me/1", True, "bytes=1-")
    assert second.authorised is False
    assert server.requests.matching("GET", "/api/v2/jobs") == [first]
    server.requests.clear()
    assert server.requests.all() == []


def test_one_server_a_folder(tmp_path: Path, server: PracticeServer) -> None:
    with pytest.raises(OSError, match="Another practice server uses this folder"):
        PracticeServer(tmp_path / "home")
    server.stop()
    other = PracticeServer(tmp_path / "home")
    other.stop()


def test_values_of_faults_have_their_types(server: PracticeServer) -> None:
    key = server.practice_key
    wrong: list[dict[str, Any]] = [{"busy": "many"}, {"busy": True}, {"hold_jobs": 1}, {"path": None}]
    for told in [*wrong, {"delay_s": []}]:
        answer = call(server, "POST", "/practice/faults", body=json.dumps(told), X_Practice_Key=key)
        assert (answer.status, next(iter(told)) in answer.json["problem"]) == (400, True)
    good = {"busy": 0, "delay_s": 0, "download_rate": None, "upload_rate": 5_000_000}
    assert call(server, "POST", "/practice/faults", body=json.dumps(good), X_Practice_Key=key).status == 200


@pytest.mark.parametrize("page", ["%C2%B2", "--1", "", "1" * 5000])
def test_a_page_that_is_no_number(server: PracticeServer, page: str) -> None:
    assert call(server, "GET", f"/api/v2/jobs?page={page}").status == 400


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_nobody_else_can_read_what_the_server_keeps(server: PracticeServer) -> None:
    home = server.job_folder("x").parent.parent
    server.token()
    assert home.stat().st_mode & 0o777 == 0o700
    assert {each.stat().st_mode & 0o777 for each in home.glob("practice.db*")} == {0o600}


def test_a_start_that_takes_too_long_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def slow(self: PracticeServer, _sockets: object) -> None:
        end = asyncio.Event()
        self._end = (asyncio.get_running_loop(), end)
        await end.wait()

    monkeypatch.setattr(practice_server, "_START_S", 0.3)
    monkeypatch.setattr(PracticeServer, "_serve", slow)
    made = PracticeServer(tmp_path / "home", practice_panels=False)
    with pytest.raises(RuntimeError, match="did not start"):
        made.start()
    assert made.base_url == ""


def test_both_sockets_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = PracticeServer(tmp_path / "home", "cg3-s3", practice_panels=False)
    bind = made._bind
    bound: list[socket.socket] = []

    def once(port: int) -> socket.socket:
        if bound:
            raise OSError("no more sockets")
        bound.append(bind(port))
        return bound[0]

    monkeypatch.setattr(made, "_bind", once)
    with pytest.raises(OSError, match="no more sockets"):
        made.start()
    assert bound[0].fileno() == -1
    assert made.base_url == ""
    made.stop()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/v2/users/me/profile"),
        ("DELETE", "/api/v2/users/me/profile"),
        ("POST", "/api/v2/users/me/api-token"),
        ("DELETE", "/api/v2/users/me/api-token"),
        ("GET", "/api/v2/admin/jobs/job-1/reset"),
    ],
)
def test_a_token_is_not_enough_for_what_only_a_session_may_do(
    server: PracticeServer, method: str, path: str
) -> None:
    assert call(server, method, path).status == 403
    assert call(server, method, path, token=None).status == 401


def test_nobody_signs_in_with_a_password(server: PracticeServer) -> None:
    answer = call(server, "POST", "/login", token=None)
    assert answer.status == 401
    assert answer.json["success"] is False
