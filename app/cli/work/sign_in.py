"""`services sign-in` and `services sign-out`: what the commands do."""

from __future__ import annotations

import webbrowser

from pydantic import SecretStr

from app.cli.output import pairs
from app.cli.program import Session
from app.cli.work.desk import keeps_nothing, with_desk
from app.cli.work.find import find_service
from app.cli.work.stdin import read_secret
from app.operations import sign_in as operations
from app.operations.desk import Desk

LOST = (
    "The sign-in is kept in memory only and is gone when this command ends (HAPLODESK_KEYRING=memory). "
    "Use a keyring to stay signed in."
)


def sign_in(session: Session, name: str, *, paste: bool, client_id: str) -> None:
    """Open the page in the browser and wait, or read the code that it shows from standard input."""

    async def work(desk: Desk) -> str:
        service = await find_service(desk, name)
        opened = await operations.begin_sign_in(desk, service.id, paste=paste, client_id=client_id)
        try:
            code = _show(session, opened)
        except BaseException:
            await opened.close()
            raise
        await operations.finish_sign_in(desk, opened, code)
        if keeps_nothing():
            session.out.note(LOST)
        return (await desk.service(service.id)).token.username or ""

    account = with_desk(session, work)
    answer: dict[str, object] = {"signed_in": name, "account": account}
    session.out.answer(answer, pairs([("signed in", name), ("account", account or "not told")]))


def _show(session: Session, opened: operations.OpenSignIn) -> SecretStr | None:
    """Say where to sign in; the code when it is pasted, None when the browser brings it."""
    session.out.note(f"Sign in on this page: {opened.url}")
    if opened.by_pasting:
        session.out.note("Then paste the code that it shows, or the address at which the browser ended.")
        return read_secret("code")
    if not webbrowser.open(opened.url):
        session.out.note("No browser could be opened here; open the page yourself, or use --paste.")
    return None


def sign_out(session: Session, name: str) -> None:
    """Forget the sign-in."""

    async def work(desk: Desk) -> str:
        service = await find_service(desk, name)
        await operations.sign_out(desk, service.id)
        return service.id

    service_id = with_desk(session, work)
    session.out.answer({"signed_out": service_id}, [f"Signed out of {service_id}."])
