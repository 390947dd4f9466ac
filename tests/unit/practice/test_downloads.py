"""Result files and their links: `cloudgene.md` 5, in all three modes."""

import hashlib
import http.client
import time
from typing import Any
from urllib.parse import urlsplit

import pytest

from app.practice.records import JobRecord
from app.practice.server import PracticeServer
from app.practice.settings import PracticeLimits
from app.practice.views import size_text
from tests.unit.practice.client import Answer, call, send, submit, wait_for, wait_for_end
from tests.unit.practice.conftest import MakeServer
from tests.unit.practice.work import BIG, crash, endless, make_results


def finished(server: PracticeServer, **fields: str) -> dict[str, Any]:
    return wait_for_end(server, submit(server, fields).json["id"])


def files(job: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in job["outputParams"][0]["files"]}


def share(file: dict[str, Any], user: str = "results") -> str:
    return f"/share/{user}/{file['hash']}/{file['name']}"


def get(server: PracticeServer, path: str, **headers: str) -> Answer:
    return call(server, "GET", path, token=None, **headers)


def left(server: PracticeServer, job_id: str, name: str) -> int:
    found = call(server, "GET", f"/api/v2/jobs/{job_id}").json
    return int(files(found)[name]["count"])


def on_disk(server: PracticeServer, job: dict[str, Any], name: str) -> bytes:
    return (server.job_folder(job["id"]) / "output" / name).read_bytes()


def test_success(make_server: MakeServer) -> None:
    server = make_server(work=make_results)
    job = finished(server)
    assert (job["state"], job["positionInQueue"], job["deletedOn"]) == (4, -1, -1)
    assert job["submittedOn"] <= job["startTime"] <= job["endTime"] <= job["currentTime"]
    messages = [(each["message"], each["type"]) for each in job["steps"][0]["logMessages"]]
    assert messages == [("one\ntwo", 0), ("three", 2)]
    output = job["outputParams"][0]
    assert (output["name"], output["download"], len(output["hash"])) == ("output", True, 64)
    names = [(each["name"], each["folder"]) for each in output["tree"]]
    assert names == [("chr_20.zip", False), ("qc_report.txt", False), ("statistics", True)]
    told = files(job)
    assert list(told) == ["chr_20.zip", "qc_report.txt", "statistics/snps-excluded.txt"]
    assert (told["chr_20.zip"]["size"], told["chr_20.zip"]["count"]) == ("2 MB", 10)
    assert told["qc_report.txt"]["size"] == "5 bytes"
    listed = call(server, "GET", "/api/v2/jobs").json["data"][0]
    assert (listed["steps"], listed["outputParams"]) == ([], [])
    assert "a line" in get_log(server, job["id"])
    assert get(server, share(told["chr_20.zip"])).body == on_disk(server, job, "chr_20.zip")


def get_log(server: PracticeServer, job_id: str) -> str:
    return call(server, "GET", f"/logs/{job_id}").body.decode()


def test_local_mode_streams_without_length_and_ignores_range(make_server: MakeServer) -> None:
    server = make_server(work=make_results)
    job = finished(server)
    file = files(job)["chr_20.zip"]
    answer = get(server, share(file), Range="bytes=100-")
    assert answer.status == 200
    assert answer.headers["transfer-encoding"] == "chunked"
    assert "content-length" not in answer.headers
    assert answer.body == on_disk(server, job, "chr_20.zip")
    assert get(server, f"/share/results/{file['hash']}/any/other/name").status == 200
    assert get(server, f"/downloads/{job['id']}/{file['hash']}/x").status == 200
    group = job["outputParams"][0]["hash"]
    assert get(server, f"/browse/{group}/qc_report.txt").body == b"fine\n"
    script = get(server, f"/get/{group}").body.decode()
    assert script.startswith("#!/bin/bash")
    assert file["hash"] in script
    assert left(server, job["id"], "chr_20.zip") == 7
    assert call(server, "HEAD", share(file), token=None).status == 200
    assert left(server, job["id"], "chr_20.zip") == 6


def test_limit_of_downloads(make_server: MakeServer) -> None:
    server = make_server(work=make_results, limits=PracticeLimits(max_downloads=2))
    job = finished(server)
    file = files(job)["qc_report.txt"]
    assert [get(server, share(file)).status for _ in range(3)] == [200, 200, 400]
    assert get(server, share(file)).json["message"] == "number of max downloads exceeded."
    unknown = get(server, "/share/results/0000/x")
    assert (unknown.status, unknown.json["message"]) == (404, "download not found.")
    (server.job_folder(job["id"]) / "output" / "chr_20.zip").unlink()
    gone = get(server, share(files(job)["chr_20.zip"]))
    assert (gone.status, gone.json["message"]) == (404, "File not found in workspace.")
    server.faults.download_limit = 0
    empty = files(job)["statistics/snps-excluded.txt"]
    assert get(server, share(empty)).status == 400
    assert left(server, job["id"], "statistics/snps-excluded.txt") == 0


def test_dropped_and_slow_downloads(make_server: MakeServer) -> None:
    server = make_server(work=make_results)
    file = files(finished(server))["chr_20.zip"]
    server.faults.drop_download_at = 1_500_000
    with pytest.raises(http.client.IncompleteRead) as caught:
        get(server, share(file))
    assert len(caught.value.partial) == 1_500_000
    server.faults.download_rate = 6_000_000
    started = time.monotonic()
    assert len(get(server, share(file)).body) >= BIG // 256 * 256
    assert time.monotonic() - started > 0.4


def test_object_store(make_server: MakeServer) -> None:
    server = make_server("cg3-s3", work=make_results)
    job = finished(server)
    whole = on_disk(server, job, "chr_20.zip")
    first = get(server, share(files(job)["chr_20.zip"]))
    assert first.status == 301
    url = first.headers["location"]
    assert url.startswith(server.object_url)
    assert urlsplit(url).netloc != urlsplit(server.base_url).netloc
    got = send(url, "GET", {})
    assert (got.status, got.body, got.headers["content-length"]) == (200, whole, str(len(whole)))
    assert got.headers["etag"] == f'"{hashlib.md5(whole).hexdigest()}"'
    rest = send(url, "GET", {"Range": "bytes=1000-", "If-Range": got.headers["etag"]})
    assert (rest.status, rest.body) == (206, whole[1000:])
    assert rest.headers["content-range"] == f"bytes 1000-{len(whole) - 1}/{len(whole)}"
    assert send(url, "GET", {"Range": "bytes=1000-", "If-Range": '"other"'}).status == 200
    assert send(url, "GET", {"Range": "bytes=-5"}).body == whole[-5:]
    assert send(url, "GET", {"Range": "bytes=99999999-"}).status == 416
    assert left(server, job["id"], "chr_20.zip") == 9
    assert send(url, "GET", {"X-Auth-Token": "t"}).status == 400
    assert send(url.replace("X-Amz-Signature=", "X-Amz-Signature=0"), "GET", {}).status == 403
    assert send(url, "HEAD", {}).status == 403
    server.clock.advance(3601)
    expired = send(url, "GET", {})
    assert (expired.status, b"Request has expired" in expired.body) == (403, True)


def test_dropped_connection_of_the_object_store(make_server: MakeServer) -> None:
    server = make_server("cg3-s3", work=make_results)
    file = files(finished(server))["chr_20.zip"]
    url = get(server, share(file)).headers["location"]
    server.faults.drop_download_at = 2_000_000
    with pytest.raises(http.client.IncompleteRead) as caught:
        send(url, "GET", {})
    assert len(caught.value.partial) == 2_000_000
    assert send(url, "GET", {"Range": "bytes=2000000-"}).status == 206


def test_generation_2(make_server: MakeServer) -> None:
    server = make_server("cg2", work=make_results)
    job = finished(server)
    assert (job["progress"], job["complete"]) == (100, True)
    file = files(job)["chr_20.zip"]
    assert "count" not in file
    whole = on_disk(server, job, "chr_20.zip")
    answer = get(server, share(file, "learner"))
    assert (answer.status, answer.headers["content-length"]) == (200, str(len(whole)))
    part = get(server, share(file, "learner"), Range="bytes=10-19")
    assert (part.status, part.body) == (206, whole[10:20])
    wrong = get(server, f"/share/learner/{file['hash']}/other.zip")
    assert (wrong.status, wrong.body) == (404, b"download not found.")
    assert get(server, share(file, "somebody")).status == 404
    empty = files(job)["statistics/snps-excluded.txt"]
    assert get(server, share(empty, "learner")).status == 204
    own = f"/results/{job['id']}/7/qc_report.txt"
    assert call(server, "GET", own).body == b"fine\n"
    assert get(server, own).status == 401
    assert call(server, "GET", f"/results/{job['id']}/8/qc_report.txt").status == 404


def test_reminder_and_retirement(make_server: MakeServer) -> None:
    server = make_server(work=make_results)
    job = finished(server)
    failed = finished(server, mode="qc_only")
    assert (failed["state"], failed["steps"][-1]["name"]) == (5, "Summary")
    assert failed["steps"][-1]["logMessages"][0]["message"] == "Pipeline execution failed."
    assert "qc_report.txt" in files(failed)
    server.clock.advance(days=4.01)
    reminded = call(server, "GET", f"/api/v2/jobs/{job['id']}").json
    assert reminded["state"] == 8
    assert reminded["deletedOn"] == reminded["endTime"] + 6 * 86_400_000
    assert call(server, "GET", f"/api/v2/jobs/{failed['id']}").json["state"] == 9
    file = files(reminded)["qc_report.txt"]
    assert get(server, share(file)).status == 200
    server.clock.advance(days=2)
    gone = call(server, "GET", f"/api/v2/jobs/{job['id']}").json
    assert (gone["state"], gone["outputParams"]) == (7, [])
    assert get(server, share(file)).status == 404
    assert not server.job_folder(job["id"]).exists()


@pytest.mark.allow_log("broken on purpose")
def test_crash_of_a_worker_is_a_failed_job(make_server: MakeServer) -> None:
    job = finished(make_server(work=crash))
    assert job["state"] == 5
    assert job["steps"][-1]["logMessages"][-1]["message"] == "Pipeline execution failed."


def running(server: PracticeServer) -> list[JobRecord]:
    return [job for job in server.jobs() if job.steps and job.steps[-1].messages]


def test_cancel_while_running_and_two_at_once(make_server: MakeServer) -> None:
    server = make_server(work=endless, workers=2, limits=PracticeLimits(max_running_jobs=3))
    ids = [submit(server).json["id"] for _ in range(3)]
    wait_for(lambda: len(running(server)) == 2)
    told = call(server, "GET", f"/api/v2/jobs/{ids[0]}").json
    assert told["state"] == 2
    message = told["steps"][0]["logMessages"][0]
    assert message["type"] == 3
    assert message["message"].startswith("<b>Imputation (3/12)</b><br><div")
    assert "width: 25.0%" in message["message"]
    assert call(server, "GET", f"/api/v2/jobs/{ids[2]}").json["positionInQueue"] == 0
    cancelled = call(server, "GET", f"/api/v2/jobs/{ids[0]}/cancel").json
    assert cancelled["state"] == 6
    wait_for(lambda: call(server, "GET", f"/api/v2/jobs/{ids[2]}").json["state"] == 2)
    assert call(server, "GET", f"/api/v2/jobs/{ids[0]}").json["state"] == 6
    server.stop()


def test_size_text() -> None:
    sizes = {0: "0 bytes", 1023: "1023 bytes", 1024: "1 KB", 2 * 1024**2 - 1: "1 MB", 5 * 1024**3: "5 GB"}
    assert {size: size_text(size) for size in sizes} == sizes


@pytest.mark.parametrize("mode", ["imputation", "qconly"])
def test_a_job_that_has_ended_forgets_its_password(make_server: MakeServer, mode: str) -> None:
    server = make_server(work=make_results)
    finished(server, password="secret-1", mode=mode)
    kept = server.jobs()[0].inputs
    assert (kept["mode"], "password" in kept) == (mode, False)
    for each in server.job_folder("x").parent.parent.glob("practice.db"):
        server.stop()  # writes the log of the database into it
        assert b"secret-1" not in each.read_bytes()
