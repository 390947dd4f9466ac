"""What some families of services can do and others cannot.

A family has an ability when its class has the methods; whoever needs one asks `isinstance(family, SignsIn)`.
All of them raise ProblemError and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Protocol, runtime_checkable

from pydantic import SecretStr

from app.domain.dataset import DataFile
from app.domain.guided import GuidedSheet
from app.domain.job import JobState
from app.domain.model import Model
from app.domain.parameter import Parameter
from app.domain.service import Quota
from app.services.contract import Connection, RemoteJob, Submission


class SignInPage(Model):
    """A sign-in that has begun: the page to open, and what redeems the code that comes back.

    `state` comes back with the code and must be equal, `nonce` in the id token. `verifier` is the secret
    of PKCE (RFC 7636). `redirect` is the address that gets the code: on loopback, or a page that shows it
    for pasting.
    """

    url: str
    state: str
    redirect: str
    verifier: SecretStr
    nonce: str = ""


class Tokens(Model):
    """What a sign-in gave. `expires` is the end of `access`; `refresh` gets the next one without a person."""

    access: SecretStr
    refresh: SecretStr | None = None
    expires: datetime | None = None


@runtime_checkable
class SignsIn(Protocol):
    """OpenID Connect with PKCE in the system's browser."""

    def redirects(self, connection: Connection) -> tuple[str, ...]:
        """The addresses the service accepts: loopback ones first, then one whose page shows a code."""
        ...

    async def sign_in_page(self, connection: Connection, redirect: str) -> SignInPage:
        """Begin a sign-in."""
        ...

    async def redeem(self, connection: Connection, page: SignInPage, code: SecretStr) -> Tokens:
        """Turn the code into tokens."""
        ...

    async def renew(self, connection: Connection, refresh: SecretStr) -> Tokens:
        """Get a new access token silently; ProblemError (sign-in) when the person must sign in again."""
        ...


@runtime_checkable
class TellsQuota(Protocol):
    """The service counts what a user used."""

    async def quota(self, connection: Connection, app_id: str) -> Quota:
        """What is left of one application."""
        ...


class RunLog(Model):
    """A text that a run left, such as its error output; `cut` when only its end was fetched."""

    name: str
    text: str
    cut: bool = False


@runtime_checkable
class KeepsLogs(Protocol):
    """The service shows the log of a run."""

    async def logs(self, connection: Connection, remote_id: str) -> tuple[RunLog, ...]:
        """The texts of a run, at most 1 MiB each, plain."""
        ...


@runtime_checkable
class ChecksDelivery(Protocol):
    """It is not certain that results can come back, so that is asked before anything is sent."""

    async def check_delivery(self, connection: Connection, submission: Submission) -> str:
        """A sentence on how the results will come; ProblemError (refused) when they cannot."""
        ...


@runtime_checkable
class SendsMore(Protocol):
    """Further files may go along with those of a job, such as a panel that a person named."""

    async def files_along(self, connection: Connection, submission: Submission) -> tuple[DataFile, ...]:
        """All files of this computer that would be sent, those of the submission among them."""
        ...


@runtime_checkable
class UsesStores(Protocol):
    """Files reach the service through stores, of which its country speaks as well."""

    def store_hosts(self, connection: Connection) -> tuple[str, ...]:
        """Their hosts; `*.example.org` are all below that. No answer of a server adds one. ProblemError."""
        ...


@runtime_checkable
class KeepsUploads(Protocol):
    """An upload that broke off goes on, also after an end of the program; what it needs is kept meanwhile."""

    async def forget_upload(
        self, connection: Connection, remote_name: str, *, lapsed_only: bool = False
    ) -> None:
        """The job of that name is at the service, or will not be sent: nothing of its upload is kept.

        With `lapsed_only` an upload that can still go on stays.
        """
        ...


class Mending(Model):
    """What is wrong with the setup of a service, and what to do; nothing new is sent meanwhile.

    `watched`: jobs that are there are still looked after, and their results fetched.
    """

    what: str
    watched: bool


@runtime_checkable
class HasFaults(Protocol):
    """A person wrote down how the service works, and that may not be in order, or not any more."""

    def to_mend(self, connection: Connection) -> Mending | None:
        """The first fault, None where there is none. Asks no server."""
        ...


UNSEARCHABLE = "unsearchable"
"""Stands first in the details of the Problem of a search that can never come to a certain end."""


@runtime_checkable
class FindsRuns(Protocol):
    """The list of jobs does not tell their names."""

    async def find(self, connection: Connection, remote_name: str, since: datetime) -> RemoteJob | None:
        """The job of that name that was made after `since`, if the server has it.

        ProblemError (busy), with `UNSEARCHABLE` in its details, where the search has no certain end.
        """
        ...


@runtime_checkable
class TakesSetup(Protocol):
    """A person may say more of a service than its address: see `Connection.setup`."""

    def setup_fields(self) -> tuple[Parameter, ...]:
        """What may be said, by the names in `setup`; texts, lines of text and choices.

        Those of the type SECRET lie in the keyring and come by `Connection.secrets`.
        """
        ...

    def check_setup(self, setup: Mapping[str, str]) -> None:
        """ProblemError (input) for what makes no sense; secrets are among it, and in no word of a Problem."""
        ...


@runtime_checkable
class ToldByUser(Protocol):
    """Nobody can be asked: the person tells how a job stands, and brings the result."""

    async def tell(
        self, connection: Connection, remote_id: str, state: JobState, at: datetime, note: str = ""
    ) -> RemoteJob:
        """Take down what the person saw on the page of the service; `note` is what it said there."""
        ...

    async def tick(self, connection: Connection, remote_id: str, number: int, done: bool) -> RemoteJob:
        """Remember that a step, counted from 0, is done."""
        ...

    async def bring(
        self, connection: Connection, remote_id: str, files: Mapping[str, Path], at: datetime
    ) -> RemoteJob:
        """Take the result files, by name, where the person has them; they are only read, by `download`."""
        ...

    async def sheet(self, connection: Connection, remote_id: str) -> GuidedSheet:
        """What leads the person through the page."""
        ...
