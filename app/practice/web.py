"""Puts routes, error answers and the gate together, and makes the HTTP servers."""

from __future__ import annotations

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from app.practice.answers import Refused, framework_error, wrong_method
from app.practice.context import Context
from app.practice.control import control_routes
from app.practice.downloads import download_routes
from app.practice.gate import CuttableProtocol, Gate
from app.practice.objects import object_routes
from app.practice.routes import api_routes
from app.practice.settings import Mode


def make_servers(context: Context) -> list[uvicorn.Server]:
    """The server, and in mode `cg3-s3` its object store."""
    servers = [_server(context, [*api_routes(context), *download_routes(context), *control_routes(context)])]
    if context.mode is Mode.CG3_S3:
        servers.append(_server(context, list(object_routes(context))))
    return servers


def _server(context: Context, routes: list[BaseRoute]) -> uvicorn.Server:
    config = uvicorn.Config(
        Gate(_application(context, routes), context),
        http=CuttableProtocol,
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    return uvicorn.Server(config)


def _application(context: Context, routes: list[BaseRoute]) -> Starlette:
    async def refused(_request: Request, error: Exception) -> Response:
        if not isinstance(error, Refused):
            raise error
        return error.answer

    async def framework(request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            raise error
        if error.status_code == 405:
            return wrong_method(context.mode, request, (error.headers or {}).get("Allow", ""))
        return framework_error(context.mode, request.url.path, error.status_code)

    return Starlette(routes=routes, exception_handlers={Refused: refused, HTTPException: framework})
