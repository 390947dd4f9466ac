"""How the server says no: errors of the framework, of Cloudgene, of a proxy (`cloudgene.md` 1.3)."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from app.practice.settings import Mode

_PHRASES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Page Not Found",
    413: "Request Entity Too Large",
}


class Refused(Exception):
    """Carries the answer up to the server; raised anywhere below a route."""

    def __init__(self, answer: Response) -> None:
        super().__init__(f"status {answer.status_code}")
        self.answer = answer


class JavaJson(JSONResponse):
    """JSON as the real server writes it: UTF-8, nulls and empty lists kept."""

    media_type = "application/json"


def own_error(status: int, message: str) -> Refused:
    """An error of Cloudgene itself."""
    return Refused(JavaJson({"success": False, "message": message}, status_code=status))


def plain_error(status: int, message: str) -> Refused:
    """An error that generation 2 gives as bare text."""
    return Refused(PlainTextResponse(message, status_code=status))


def framework_error(mode: Mode, path: str, status: int, message: str = "") -> Response:
    """An error of the framework below: HATEOAS in generation 3, bare text in generation 2."""
    said = message or _PHRASES.get(status, "Error")
    if mode is Mode.CG2:
        return PlainTextResponse(said, status_code=status)
    body: dict[str, Any] = {
        "_links": {"self": [{"href": path, "templated": False}]},
        "_embedded": {"errors": [{"message": said}]},
        "message": said,
    }
    return JavaJson(body, status_code=status)


def wrong_method(mode: Mode, request: Request, allowed: str) -> Response:
    """405 with the sentence of the framework."""
    message = (
        f"Method [{request.method}] not allowed for URI [{request.url.path}]. Allowed methods: [{allowed}]"
    )
    answer = framework_error(mode, request.url.path, 405, message)
    answer.headers["allow"] = allowed
    return answer


def proxy_page(status: int, phrase: str) -> Response:
    """A page of a proxy in front of the server."""
    line = f"{status} {phrase}"
    page = (
        f"<html>\r\n<head><title>{line}</title></head>\r\n<body>\r\n<center><h1>{line}</h1></center>\r\n"
        "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    )
    return HTMLResponse(page, status_code=status)
