"""The object store of mode `cg3-s3`: a second server that knows signed addresses and no tokens.

An address is good for one method and for a limited time. A request that brings a token of the first server
along is refused, as real stores refuse two ways of signing in at once: so a client that forwards the token
is found out.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.practice.bodies import entity_tag, file_with_ranges
from app.practice.context import Context

_STAMP = "%Y%m%dT%H%M%SZ"


def presigned_url(context: Context, job_id: str, name: str) -> str:
    """An address of a result file that works for `limits.signature_s` seconds."""
    made = datetime.fromtimestamp(context.clock.now_ms() / 1000, UTC).strftime(_STAMP)
    life = str(context.limits.signature_s)
    path = f"/practice-results/{job_id}/{name}"
    query = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Date": made,
        "X-Amz-Expires": life,
        "X-Amz-SignedHeaders": "host",
        "X-Amz-Signature": _signature(context, "GET", path, made, life),
    }
    return f"{context.object_url}{quote(path)}?{urlencode(query)}"


def object_routes(context: Context) -> list[Route]:
    """The one route of the store."""

    async def endpoint(request: Request) -> Response:
        return _object(context, request)

    return [Route("/practice-results/{job}/{name:path}", endpoint, methods=["GET"])]


def _object(context: Context, request: Request) -> Response:
    if "x-auth-token" in request.headers or "authorization" in request.headers:
        return _refusal(400, "InvalidArgument", "Only one auth mechanism allowed")
    told = request.query_params
    made, life = told.get("X-Amz-Date", ""), told.get("X-Amz-Expires", "")
    job_id, name = request.path_params["job"], request.path_params["name"]
    path = f"/practice-results/{job_id}/{name}"
    right = _signature(context, request.method, path, made, life)
    if not hmac.compare_digest(right.encode(), told.get("X-Amz-Signature", "").encode()):
        return _refusal(403, "SignatureDoesNotMatch", "The signature does not match.")
    if _expired(context, made, life):
        return _refusal(403, "AccessDenied", "Request has expired")
    file = context.job_folder(job_id) / "output" / name
    if not file.is_file():
        return _refusal(404, "NoSuchKey", "The specified key does not exist.")
    return file_with_ranges(context, request, file, entity_tag(file))


def _signature(context: Context, method: str, path: str, made: str, life: str) -> str:
    text = "\n".join((method, path, made, life)).encode("utf-8", "replace")
    return hmac.new(context.records.secret(), text, hashlib.sha256).hexdigest()


def _expired(context: Context, made: str, life: str) -> bool:
    start = datetime.strptime(made, _STAMP).replace(tzinfo=UTC).timestamp()
    return context.clock.now_ms() / 1000 > start + int(life)


def _refusal(status: int, code: str, message: str) -> Response:
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    )
    return Response(body, status_code=status, media_type="application/xml")
