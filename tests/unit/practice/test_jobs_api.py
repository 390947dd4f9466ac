"""Submitting and watching jobs: the answers of `cloudgene.md` 3 to 5, with jobs that wait."""

import http.client
import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from app.practice.server import PracticeServer
from app.practice.settings import PracticeLimits
from tests.unit.practice.client import (
    BOUNDARY,
    FORM,
    call,
    form,
    raw_connection,
    submit,
    wait_for,
    wait_for_end,
)
from tests.unit.practice.conftest import MakeServer

DONE = "Your job was successfully added to the job queue."


def incoming(server: PracticeServer) -> list[Path]:
    """What is on its way in, or was left there."""
    return list((server.job_folder("x").parent.parent / "incoming").glob("*"))


def test_submit(server: PracticeServer) -> None:
    answer = submit(server, {"job-name": "a&b <ü>'", "meta": "false"})
    assert answer.status == 200
    told = answer.json
    assert (told["success"], told["message"]) == (True, DONE)
    assert re.fullmatch(r"job-\d{8}-\d{6}-\d{3}", told["id"])
    job = call(server, "GET", f"/api/v2/jobs/{told['id']}").json
    assert job["name"] == "a&amp;b &lt;&uuml;&gt;'"
    assert (job["state"], job["positionInQueue"], job["applicationId"]) == (1, 0, "imputationserver2@2.0.12")
    kept = server.jobs()[0]
    assert kept.inputs["meta"] == "true"
    assert kept.inputs["aesEncryption"] == "false"
    assert "password" not in kept.inputs
    assert (server.job_folder(kept.id) / "input" / "a.vcf.gz").read_bytes() == b"nothing"


def test_fields(server: PracticeServer) -> None:
    body = form(
        [("input-refpanel", "tiny"), ("files-pattern", "*.vcf.gz"), ("password", "secret-1")],
        [("input-files", "/some/where/b.vcf.gz", b"1"), ("files", "b.vcf.gz", b"2")],
    )
    answer = call(
        server, "POST", "/api/v2/jobs/submit/imputationserver2@2.0.12", body=body, Content_Type=FORM
    )
    job = server.jobs()[0]
    assert answer.json["id"] == job.id == job.name
    assert job.files == ["b.vcf.gz"]
    assert job.inputs["refpanel"] == "tiny"
    assert job.inputs["password"] == "secret-1"
    assert (server.job_folder(job.id) / "input" / "b.vcf.gz").read_bytes() == b"2"


def test_refusals_after_the_whole_body(server: PracticeServer) -> None:
    cases = [
        (submit(server, {"files-source": "x"}), 400, "Parameter 'files-source' not found."),
        (submit(server, app="minimac4"), 404, "Application 'minimac4' not found."),
    ]
    old = server.token()
    server.faults.quota_full = True
    cases.append((submit(server), 400, "Only 3 jobs per user can be executed simultaneously."))
    server.faults.quota_full, server.faults.maintenance = False, True
    cases.append((submit(server), 503, "This functionality is currently under maintenance."))
    server.faults.maintenance = False
    server.new_token()
    cases.append((submit(server, token=old), 403, "Forbidden"))
    cases.append((submit(server, token=None), 401, "Unauthorized"))
    for answer, status, message in cases:
        assert (answer.status, answer.json["message"]) == (status, message)
    assert server.jobs() == []


def test_quota(server: PracticeServer) -> None:
    assert [submit(server).status for _ in range(4)] == [200, 200, 200, 400]
    listed = call(server, "GET", "/api/v2/jobs").json["data"]
    assert [each["positionInQueue"] for each in listed] == [2, 1, 0]


def test_body_over_the_limit_is_refused_at_once(make_server: MakeServer) -> None:
    server = make_server(limits=PracticeLimits(upload_limit=1000))
    with raw_connection(server) as line:
        line.putrequest("POST", "/api/v2/jobs/submit/imputationserver2")
        for name, value in (
            ("X-Auth-Token", server.token()),
            ("Content-Type", FORM),
            ("Content-Length", "2000"),
        ):
            line.putheader(name, value)
        line.endheaders()
        answer = line.getresponse()
        assert answer.status == 413
        assert b"The content length [2000] exceeds the maximum allowed content length [1000]" in answer.read()


def test_body_without_a_length_counts_too(make_server: MakeServer) -> None:
    server = make_server(limits=PracticeLimits(upload_limit=1000))
    body = form([("refpanel", "tiny")], [("files", "a.vcf.gz", b"x" * 2000)])
    pieces = iter([body[:900], body[900:]])  # without a length it is sent in chunks
    path = "/api/v2/jobs/submit/imputationserver2"
    answer = call(server, "POST", path, body=pieces, Content_Type=FORM)
    assert answer.status == 413
    assert incoming(server) == []
    assert server.jobs() == []


def test_a_cancelled_job_forgets_its_password(server: PracticeServer) -> None:
    job_id = submit(server, {"password": "secret-1"}).json["id"]
    assert server.jobs()[0].inputs["password"] == "secret-1"
    assert call(server, "GET", f"/api/v2/jobs/{job_id}/cancel").status == 200
    assert "password" not in server.jobs()[0].inputs


def test_body_that_is_no_form(server: PracticeServer) -> None:
    path = "/api/v2/jobs/submit/imputationserver2"
    assert call(server, "POST", path, body="x=1", Content_Type="text/plain").status == 400
    cut = form([("build", "hg19")])[:-20]
    assert call(server, "POST", path, body=cut, Content_Type=FORM).status == 400
    assert not incoming(server)


def test_list_with_and_without_page(server: PracticeServer) -> None:
    for _ in range(3):
        submit(server)
    whole = call(server, "GET", "/api/v2/jobs").json
    assert (whole["count"], whole["page"], whole["pageSize"], len(whole["data"])) == (3, 1, 3, 3)
    page = call(server, "GET", "/api/v2/jobs?page=1").json
    assert (page["count"], page["pageSize"], page["prev"], page["next"]) == (3, 15, None, None)
    ids = [each["id"] for each in whole["data"]]
    assert ids == sorted(ids, reverse=True)
    assert call(server, "GET", "/api/v2/jobs?page=2").json["data"] == []


def test_pages() -> None:
    from app.practice.views import page_body

    jobs = [{"n": n} for n in range(31)]
    middle = page_body(jobs, 2, 15)
    assert (middle["prev"], middle["next"], len(middle["pages"])) == (1, 3, 3)
    assert page_body(jobs, 3, 15)["data"] == [{"n": 30}]


def test_one_job(server: PracticeServer) -> None:
    job_id = submit(server).json["id"]
    assert call(server, "GET", f"/api/v2/jobs/{job_id}/status").json["id"] == job_id
    assert call(server, "GET", f"/logs/{job_id}").headers["content-type"].startswith("text/plain")
    unknown = call(server, "GET", "/api/v2/jobs/job-1")
    assert (unknown.status, unknown.json["message"]) == (404, "Job job-1 not found.")
    assert call(server, "DELETE", f"/api/v2/jobs/{job_id}").status == 403
    assert call(server, "GET", f"/api/v2/jobs/{job_id}", token=None).status == 401
    assert call(server, "GET", f"/api/v2/jobs/{job_id}/chunks/x.html").status == 404


def test_cancel_and_restart(server: PracticeServer) -> None:
    job_id = submit(server).json["id"]
    refused = call(server, "GET", f"/api/v2/jobs/{job_id}/restart")
    assert (refused.status, refused.json["message"]) == (400, f"Job {job_id} is not pending.")
    cancelled = call(server, "GET", f"/api/v2/jobs/{job_id}/cancel").json
    assert (cancelled["id"], cancelled["state"]) == (job_id, 6)
    assert call(server, "GET", f"/api/v2/jobs/{job_id}/cancel").json["endTime"] == cancelled["endTime"]


def test_restart_of_the_server(make_server: MakeServer) -> None:
    first = make_server()
    first.faults.hold_jobs = True
    job_id = submit(first).json["id"]
    first.stop()
    second = make_server()
    second.faults.hold_jobs = True
    assert call(second, "GET", f"/api/v2/jobs/{job_id}").json["state"] == -1
    assert call(second, "GET", f"/api/v2/jobs/{job_id}/restart").json["success"] is True
    assert call(second, "GET", f"/api/v2/jobs/{job_id}").json["state"] == 1
    assert second.lose_active_jobs() == [job_id]
    assert call(second, "GET", "/api/v2/jobs").json["data"][0]["state"] == -1


def test_a_server_can_be_stopped_and_started_again(make_server: MakeServer) -> None:
    server = make_server()
    server.stop()
    server.stop()
    assert server.base_url == ""
    server.start()
    assert call(server, "GET", "/api/v2/server").status == 200


@pytest.mark.parametrize("panel", ["apps@nothing@1", ""])
def test_wrong_panel_fails_without_steps(make_server: MakeServer, panel: str) -> None:
    server = make_server()
    job = wait_for_end(server, submit(server, {"refpanel": panel}).json["id"])
    assert (job["state"], job["steps"]) == (5, [])
    assert "Initialization failed" in call(server, "GET", f"/logs/{job['id']}").body.decode()


def test_faults_of_jobs(make_server: MakeServer) -> None:
    server = make_server()
    server.faults.fail_at_start = 1
    failed = wait_for_end(server, submit(server).json["id"])
    assert (failed["state"], failed["steps"]) == (5, [])
    server.faults.dead = 1
    dead = submit(server).json["id"]
    wait_for(lambda: call(server, "GET", f"/api/v2/jobs/{dead}").json["state"] == -1)
    server.faults.shown_state = 42
    assert {each["state"] for each in call(server, "GET", "/api/v2/jobs").json["data"]} == {42}


def test_generation_2_tells_jobs_its_own_way(make_server: MakeServer) -> None:
    server = make_server("cg2")
    server.faults.hold_jobs = True
    job_id = submit(server).json["id"]
    listed = call(server, "GET", "/api/v2/jobs").json
    assert isinstance(listed, list)
    assert listed[0]["id"] == job_id
    light = call(server, "GET", f"/api/v2/jobs/{job_id}/status").json
    assert (light["canceld"], light["steps"]) == (False, [])
    text_field = submit(server, {"files": "https://example.org/a.vcf.gz"})
    assert "URL-based uploads are no longer supported" in text_field.json["message"]
    assert call(server, "GET", "/api/v2/jobs", token=None).json["success"] is False
    nothing = call(server, "GET", "/nothing")
    assert (nothing.status, nothing.headers["content-type"]) == (404, "text/plain; charset=utf-8")


def test_faults_of_the_network(server: PracticeServer) -> None:
    server.faults.set(bad_gateway=1, path="/api/v2/jobs")
    assert call(server, "GET", "/api/v2/server").status == 200
    page = call(server, "GET", "/api/v2/jobs")
    assert (page.status, page.body[:6]) == (502, b"<html>")
    server.faults.set(busy=1, retry_after_s=7)
    busy = call(server, "GET", "/api/v2/jobs")
    assert (busy.status, busy.headers["retry-after"]) == (429, "7")
    server.faults.too_large = 1
    assert call(server, "GET", "/api/v2/jobs").status == 200
    assert submit(server).status == 413
    server.faults.drop_connection = 1
    with pytest.raises(http.client.RemoteDisconnected):
        call(server, "GET", "/api/v2/jobs")
    wait_for(lambda: server.requests.all()[-1].status == 0)
    server.faults.clear()
    assert server.faults.path == ""


def test_answer_lost_after_the_job_was_made(server: PracticeServer) -> None:
    server.faults.drop_answer = 1
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        submit(server, {"job-name": "once"})
    assert [job.name for job in server.jobs()] == ["once"]
    assert submit(server).status == 200


def test_upload_cut_off_makes_no_job(server: PracticeServer) -> None:
    server.faults.drop_upload_at = 100_000
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        submit(server, files=[("files", "a.vcf.gz", bytes(3_000_000))])
    assert server.jobs() == []
    wait_for(lambda: not incoming(server))
    assert submit(server).status == 200


def test_client_that_gives_up_leaves_nothing(server: PracticeServer) -> None:
    with raw_connection(server) as line:
        line.putrequest("POST", "/api/v2/jobs/submit/imputationserver2")
        for name, value in (
            ("X-Auth-Token", server.token()),
            ("Content-Type", FORM),
            ("Content-Length", "99999"),
        ):
            line.putheader(name, value)
        line.endheaders(form([], [("files", "a.vcf.gz", bytes(5000))])[:4000])
        wait_for(lambda: incoming(server))
    wait_for(lambda: not incoming(server))
    assert server.jobs() == []


def test_slow_upload(server: PracticeServer) -> None:
    import time

    server.faults.upload_rate = 1_000_000
    started = time.monotonic()
    assert submit(server, files=[("files", "a.vcf.gz", bytes(500_000))]).status == 200
    assert time.monotonic() - started > 0.4


def test_memory_does_not_grow_with_the_upload(server: PracticeServer) -> None:
    size = 300_000_000
    head = form([("refpanel", "tiny")])[: -len(f"--{BOUNDARY}--\r\n")]
    disposition = 'Content-Disposition: form-data; name="files"; filename="big.vcf.gz"\r\n\r\n'
    start = head + f"--{BOUNDARY}\r\n{disposition}".encode()
    end = f"\r\n--{BOUNDARY}--\r\n".encode()

    def body() -> Iterator[bytes]:
        yield start
        block = bytes(1 << 20)
        for at in range(0, size, len(block)):
            yield block[: min(len(block), size - at)]
        yield end

    parts = urlsplit(server.base_url)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    line = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    headers = {
        "X-Auth-Token": server.token(),
        "Content-Type": FORM,
        "Content-Length": str(len(start) + size + len(end)),
    }
    line.request("POST", "/api/v2/jobs/submit/imputationserver2", body=body(), headers=headers)
    answer = line.getresponse()
    assert (answer.status, bool(answer.read())) == (200, True)
    line.close()
    grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown_kb < 40_000
    job = server.jobs()[0]
    assert (server.job_folder(job.id) / "input" / "big.vcf.gz").stat().st_size == size


def test_as_a_process_of_its_own(server: PracticeServer) -> None:
    import json

    home = server.job_folder("x").parent.parent.parent / "process"
    command = [sys.executable, "-m", "app.practice", "--home", str(home), "--no-panels", "--with-parent"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        assert set(told) >= {"base_url", "token", "practice_key"}
        answer = call(server, "GET", told["base_url"] + "/api/v2/jobs", token=told["token"])
        assert answer.status == 200
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(20) == 0


def test_name_that_no_disk_takes(server: PracticeServer) -> None:
    answer = submit(server, files=[("files", "x" * 300 + ".vcf.gz", b"1")])
    assert (answer.status, answer.headers["content-type"]) == (400, "text/plain; charset=utf-8")
    assert server.jobs() == []
    assert not incoming(server)
