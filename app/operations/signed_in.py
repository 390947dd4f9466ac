"""The tokens of services to which a person signed in in the browser: renewed silently before they end.

The access token lies in the keyring under the name of every token; beside it lies a record with what gets the
next one and when the present one ends. Several tasks and processes may need a token at once: one of them
renews it, the others wait for that and read it.
"""

from __future__ import annotations

import asyncio
import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pydantic import SecretStr

from app.domain.model import Model
from app.domain.notice import NoticeKind
from app.domain.problem import Kind, Problem, ProblemError, problem
from app.domain.redaction import register
from app.domain.service import Service
from app.services.abilities import SignsIn, Tokens
from app.services.contract import Connection
from app.store.secrets import token_name

if TYPE_CHECKING:
    from app.operations.desk import Desk

RENEW_BEFORE = timedelta(minutes=1)
WAIT_S = 120.0
_LOOK_S = 0.1


class Kept(Model):
    """The record. `refresh` None: the person has to sign in again when the access token has ended."""

    refresh: SecretStr | None = None
    expires: datetime | None = None

    def is_ending(self, now: datetime) -> bool:
        """Whether the access token has to be renewed before it is used."""
        return self.expires is not None and now >= self.expires - RENEW_BEFORE

    def as_secret(self) -> SecretStr:
        """What is put into the keyring."""
        refresh = self.refresh.get_secret_value() if self.refresh is not None else None
        expires = self.expires.isoformat() if self.expires is not None else None
        return SecretStr(json.dumps({"refresh": refresh, "expires": expires}))

    @classmethod
    def read(cls, secret: SecretStr | None) -> Kept | None:
        """What lies in the keyring; None for nothing, or for what cannot be read."""
        try:
            return cls.model_validate_json(secret.get_secret_value()) if secret is not None else None
        except ValueError:
            return None


def record_name(service_id: str) -> str:
    """The name of the record in the keyring."""
    return f"sign-in:{service_id}"


class SignIns:
    """Gives each service its token, renewed if need be."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def token(self, service: Service, *, renew: bool) -> SecretStr | None:
        """The token of a service.

        Raises ProblemError (sign-in) when the person must sign in again, and that of the renewal (busy, no
        network) when the token has ended; never with `renew` False.
        """
        kept = await self._desk.secret(token_name(service.id))
        signs = self._desk.family(service)
        if not isinstance(signs, SignsIn) or not renew:
            return kept
        record = await self.record(service.id)
        if record is None or not record.is_ending(self._desk.clock.now()):
            return kept
        return await self._in_turn(service, signs)

    async def record(self, service_id: str) -> Kept | None:
        """The record of a service; None where nobody signed in in the browser."""
        record = Kept.read(await self._desk.secret(record_name(service_id)))
        if record is not None and record.refresh is not None:
            register(record.refresh.get_secret_value())
        return record

    async def keep(self, service_id: str, tokens: Tokens) -> None:
        """Put the tokens of a sign-in or a renewal into the keyring.

        The record goes first: a program that ends in between has an old access token, and renews it.
        """
        if tokens.refresh is not None:
            register(tokens.refresh.get_secret_value())
        ended = Kept(refresh=tokens.refresh, expires=self._desk.clock.now())
        await self._desk.keep_secret(record_name(service_id), ended.as_secret())
        await self._desk.keep_secret(token_name(service_id), tokens.access)
        record = Kept(refresh=tokens.refresh, expires=tokens.expires)
        await self._desk.keep_secret(record_name(service_id), record.as_secret())

    async def put_back(self, service_id: str, record: Kept) -> None:
        """The record as it was before a sign-in that came to nothing."""
        await self._desk.keep_secret(record_name(service_id), record.as_secret())

    async def lapse(self, service_id: str) -> bool:
        """The access token was refused: the next connection renews it. False where that is not possible."""
        record = await self.record(service_id)
        if record is None or record.refresh is None:
            return False
        over = Kept(refresh=record.refresh, expires=self._desk.clock.now())
        await self._desk.keep_secret(record_name(service_id), over.as_secret())
        return True

    async def forget(self, service_id: str) -> None:
        """Remove the record; the access token is a secret like any other and not touched."""
        await self._desk.forget_secret(record_name(service_id))

    async def _in_turn(self, service: Service, signs: SignsIn) -> SecretStr | None:
        """Renew, or wait until another task or process has done it."""
        for _ in range(int(WAIT_S / _LOOK_S)):
            async with self._desk.only_one(f"sign-in-{service.id}") as mine:
                if mine:
                    record = await self.record(service.id)
                    if record is None or not record.is_ending(self._desk.clock.now()):
                        return await self._desk.secret(token_name(service.id))
                    return await self._renew(service, signs, record)
            await asyncio.sleep(_LOOK_S)
        raise problem(
            Kind.BUSY,
            "The sign-in is being renewed",
            f"Another window or command has not finished it for {WAIT_S:.0f} seconds.",
            "Nothing needs to be done: the program tries again by itself.",
            subject=service.name,
        )

    async def _renew(self, service: Service, signs: SignsIn, record: Kept) -> SecretStr | None:
        now = self._desk.clock.now()
        still_good = record.expires is not None and now < record.expires
        if record.refresh is None:
            if still_good:
                return await self._desk.secret(token_name(service.id))
            await self._ended(service, record, "The sign-in has ended.")
            raise ProblemError(_sign_in_again(service, "The sign-in has ended."))
        try:
            tokens = await signs.renew(_connection(service), record.refresh)
        except ProblemError as error:
            return await self._not_renewed(service, record, error.problem, still_good)
        await self.keep(service.id, tokens)
        return tokens.access

    async def _not_renewed(
        self, service: Service, record: Kept, why: Problem, still_good: bool
    ) -> SecretStr | None:
        """A refusal is final; anything else is tried again, and the token used as long as it is good."""
        if why.kind is Kind.SIGN_IN:
            await self._ended(service, record, why.what_happened)
            raise ProblemError(_sign_in_again(service, why.what_happened))
        if still_good:
            return await self._desk.secret(token_name(service.id))
        raise ProblemError(why)

    async def _ended(self, service: Service, record: Kept, why: str) -> None:
        """Say once that the person has to sign in again; the provider is not asked any more."""
        from app.operations.tell import tell

        lapsed = Kept(refresh=None, expires=record.expires)
        await self._desk.keep_secret(record_name(service.id), lapsed.as_secret())

        def change(current: Service) -> Service:
            token = current.token.model_copy(update={"valid": False, "detail": f"Sign in again. {why}"})
            return current.model_copy(update={"token": token})

        await self._desk.change_service(service.id, change)
        await tell(
            self._desk,
            NoticeKind.TOKEN_EXPIRES,
            f"Sign in to {service.name} again",
            "Its jobs wait for that, and go on by themselves. Choose “Sign in…” in Services.",
            key=f"sign-in:{service.id}:{record.expires.isoformat() if record.expires else ''}",
            service_id=service.id,
        )


def _connection(service: Service) -> Connection:
    """A connection without a token, for the questions of the sign-in."""
    return Connection(
        service_id=service.id,
        base_url=service.base_url,
        limits=service.limits,
        plain_http_allowed=service.plain_http_allowed,
        setup=service.setup,
    )


def _sign_in_again(service: Service, why: str) -> Problem:
    return Problem(
        kind=Kind.SIGN_IN,
        title=f"Sign in to {service.name} again",
        what_happened=why,
        what_you_can_do="Choose “Sign in…” in Services; the jobs of the service wait for it.",
        subject=service.name,
    )
