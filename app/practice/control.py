"""`/practice/…`: faults, clock, tokens and the request log for another process.

Every request must bring the header `X-Practice-Key` with the key that was told at the start, so that no web
page and no other user of this computer can play with the server.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.practice import accounts, lifecycle
from app.practice.context import Context

KEY_HEADER = "x-practice-key"
_Act = Callable[[Context, dict[str, Any]], Any]


def control_routes(context: Context) -> list[Route]:
    """The routes for tests and for learning."""
    table: list[tuple[str, str, _Act]] = [
        ("GET", "/practice/faults", lambda server, _: server.faults.values()),
        ("POST", "/practice/faults", _set_faults),
        ("DELETE", "/practice/faults", _clear_faults),
        ("GET", "/practice/requests", lambda server, _: [asdict(each) for each in server.requests.all()]),
        ("POST", "/practice/clock", _advance),
        ("POST", "/practice/tokens", _token),
        ("POST", "/practice/revoke", _revoke),
        ("POST", "/practice/lose", lambda server, _: {"lost": lifecycle.lose_active_jobs(server)}),
    ]
    return [Route(path, _guarded(context, act), methods=[method]) for method, path, act in table]


def _guarded(context: Context, act: _Act) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        key = request.headers.get(KEY_HEADER, "")
        if not hmac.compare_digest(key.encode(), context.practice_key.encode()):
            return JSONResponse({"problem": f"the header {KEY_HEADER} is missing or wrong"}, status_code=403)
        try:
            told = json.loads(await request.body() or b"{}")
            return JSONResponse(act(context, dict(told)))
        except (ValueError, TypeError) as error:
            return JSONResponse({"problem": str(error)}, status_code=400)

    return endpoint


def _set_faults(context: Context, told: dict[str, Any]) -> Any:
    context.faults.set(**told)
    if context.runner is not None:
        context.runner.wake()
    return context.faults.values()


def _clear_faults(context: Context, _told: dict[str, Any]) -> Any:
    context.faults.clear()
    return _set_faults(context, {})


def _advance(context: Context, told: dict[str, Any]) -> Any:
    context.clock.advance(float(told.get("seconds", 0)), days=float(told.get("days", 0)))
    return {"now": context.clock.now_ms()}


def _token(context: Context, told: dict[str, Any]) -> Any:
    days = told.get("days")
    return {"token": accounts.new_token(context, None if days is None else float(days))}


def _revoke(context: Context, _told: dict[str, Any]) -> Any:
    accounts.revoke_token(context)
    return {"revoked": True}
