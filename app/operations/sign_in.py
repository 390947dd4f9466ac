"""Sign in to a service in the browser, or with a code that is pasted; and sign out."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from contextlib import AsyncExitStack
from urllib.parse import parse_qs, urlsplit

from pydantic import SecretStr

from app.domain.changes import Changes, Noun
from app.domain.problem import Kind, ProblemError, problem
from app.domain.service import Service, TokenInfo
from app.operations.desk import Desk
from app.operations.kept_uploads import forget_uploads
from app.operations.look_at_service import refuse_bad_token, store_token_info, what_it_says
from app.operations.service_news import learn
from app.services.abilities import SignInPage, SignsIn
from app.services.oidc_sign_in import CLIENT_ID
from app.store.secrets import token_name
from app.transport.address import is_loopback
from app.transport.code_listener import CodeListener, listening

PATIENCE_S = 600.0
"""How long a person may take on the page."""


class OpenSignIn:
    """A sign-in that has begun. `finish_sign_in` or `close` ends it."""

    def __init__(
        self, service_id: str, page: SignInPage, listener: CodeListener | None, stack: AsyncExitStack
    ) -> None:
        self.service_id = service_id
        self.page = page
        self._listener = listener
        self._stack = stack

    @property
    def url(self) -> str:
        """The page for the browser."""
        return self.page.url

    @property
    def by_pasting(self) -> bool:
        """Whether nobody waits for the browser, so that a code has to be pasted."""
        return self._listener is None

    async def code(self) -> SecretStr:
        """The code that the browser brings; ProblemError (sign-in) when the page refused or nobody came."""
        if self._listener is None:
            raise problem(Kind.INPUT, "No code was given", "The page shows one.", "Paste it here.")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                return await self._listener.code()
        raise problem(
            Kind.SIGN_IN,
            "Nobody signed in",
            f"The page in the browser was not finished within {PATIENCE_S / 60:.0f} minutes.",
            "Try again.",
        )

    async def close(self) -> None:
        """Stop waiting; harmless when it has ended."""
        await self._stack.aclose()


def _signs(desk: Desk, service: Service) -> SignsIn:
    signs = desk.family(service)
    if not isinstance(signs, SignsIn):
        raise problem(
            Kind.INPUT,
            "This service has no sign-in",
            f"{service.name} knows its users by a token.",
            "Set a token for it.",
            subject=service.name,
        )
    return signs


async def begin_sign_in(
    desk: Desk, service_id: str, *, paste: bool = False, client_id: str = ""
) -> OpenSignIn:
    """Get the page to open, and listen for the browser unless a code is to be pasted.

    `client_id` is kept in the settings of the service: by it the provider knows this program.
    """
    service = await desk.service(service_id)
    signs = _signs(desk, service)
    if client_id.strip():
        setup = {**service.setup, CLIENT_ID: client_id.strip()}
        service = await desk.update_service(service_id, setup=setup) or service
    connection = await desk.connection(service, renew=False)
    redirects = signs.redirects(connection)
    stack = AsyncExitStack()
    try:
        if paste:
            return OpenSignIn(
                service_id, await signs.sign_in_page(connection, _page_that_shows(redirects)), None, stack
            )
        first: ProblemError | None = None
        for redirect in (url for url in redirects if is_loopback(url)):
            page = await signs.sign_in_page(connection, redirect)
            try:
                listener = await stack.enter_async_context(listening(redirect, page.state))
            except ProblemError as error:
                first = first or error
                continue
            return OpenSignIn(service_id, page, listener, stack)
        raise first or _no_way_back(service)
    except BaseException:
        await stack.aclose()
        raise


def _page_that_shows(redirects: tuple[str, ...]) -> str:
    """The page that shows a code, else the address in whose line the browser will show it."""
    pages = [url for url in redirects if not is_loopback(url)]
    return (pages or list(redirects))[0]


def _no_way_back(service: Service) -> ProblemError:
    return problem(
        Kind.INPUT,
        "The browser cannot come back to the program",
        f"The sign-in of {service.name} takes no address of this computer.",
        "Sign in by pasting a code.",
        subject=service.name,
    )


async def finish_sign_in(desk: Desk, opened: OpenSignIn, pasted: SecretStr | None = None) -> Changes:
    """Wait for the browser, or take the pasted code; then keep the tokens, if the service takes them.

    Raises ProblemError, and then nothing has changed.
    """
    try:
        if pasted is not None:
            code = code_of(pasted, opened.page)
        else:
            code = await opened.code()
        service = await desk.service(opened.service_id)
        signs = _signs(desk, service)
        tokens = await signs.redeem(await desk.connection(service, renew=False), opened.page, code)
    finally:
        await opened.close()
    before = await desk.secret(token_name(service.id))
    record = await desk.sign_ins.record(service.id)
    await desk.sign_ins.keep(service.id, tokens)
    try:
        return await _take_in(desk, service)
    except BaseException:
        await desk.forget_secret(token_name(service.id))
        await desk.sign_ins.forget(service.id)
        if before is not None:
            await desk.keep_secret(token_name(service.id), before)
        if record is not None:
            await desk.sign_ins.put_back(service.id, record)
        raise


async def _take_in(desk: Desk, service: Service) -> Changes:
    service = await store_token_info(desk, service, renew=False)
    refuse_bad_token(service)
    told = await what_it_says(desk, service)
    who = f" as {service.token.username}" if service.token.username else ""
    if await learn(desk, service.id, f"Signed in{who}.", **told, token=service.token) is None:
        await desk.service(service.id)  # raises: it was removed meanwhile
    return Changes.of(Noun.SERVICE, service.id)


def code_of(pasted: SecretStr, page: SignInPage) -> SecretStr:
    """The code in what was pasted: the code itself, or the whole address that the browser ended at."""
    text = "".join(pasted.get_secret_value().split()).strip("\"'")
    if "code=" in text or "error=" in text:
        told = parse_qs(urlsplit(text).query if "?" in text else text)
        if told.get("state", [page.state]) != [page.state]:
            raise problem(
                Kind.SIGN_IN,
                "This is the answer to another sign-in",
                "It does not belong to the page that was opened last.",
                "Open the page again and paste what it shows then.",
            )
        text = told.get("code", [""])[0]
    if not text:
        raise problem(
            Kind.INPUT,
            "This holds no code",
            "What was pasted is neither a code nor an address with one.",
            "Copy the code, or the whole address line of the browser.",
        )
    return SecretStr(text)


async def sign_in(desk: Desk, service_id: str, show: Callable[[str], None], client_id: str = "") -> Changes:
    """The whole way by the browser: `show` opens the page."""
    opened = await begin_sign_in(desk, service_id, client_id=client_id)
    try:
        show(opened.url)
    except BaseException:
        await opened.close()
        raise
    return await finish_sign_in(desk, opened)


async def sign_out(desk: Desk, service_id: str) -> Changes:
    """Forget the tokens of a service on this computer; open jobs of it wait for the next sign-in."""
    service = await desk.service(service_id)
    await forget_uploads(desk, service)
    await desk.sign_ins.forget(service.id)
    await desk.forget_secret(token_name(service.id))
    await desk.update_service(service.id, "Signed out.", token=TokenInfo())
    return desk.announce(Changes.of(Noun.SERVICE, service.id))
