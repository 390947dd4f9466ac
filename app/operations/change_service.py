"""Small changes to a service: token, on and off, removal, list of services as a file."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from pydantic import SecretStr

from app.domain.changes import Changes, Noun
from app.domain.job import OPEN_STATES, JobState
from app.domain.problem import Kind, ProblemError, problem
from app.domain.residency import GROUPS, on_loopback, residency_of, says_here
from app.domain.service import HealthState, Service, TokenInfo
from app.operations.add_service import add_service, cleaned_token
from app.operations.catalogues import known_preset
from app.operations.described_faults import is_only_watched
from app.operations.desk import Desk
from app.operations.kept_uploads import forget_uploads
from app.operations.look_at_service import refuse_bad_token, store_token_info, what_it_says
from app.operations.service_news import learn
from app.store import jobs, services
from app.store.secrets import setup_name, token_name
from app.store.store import Connection as StoreConnection


async def set_token(desk: Desk, service_id: str, token: SecretStr) -> Changes:
    """Verify a new token, then keep it in place of the old one; a bad one changes nothing."""
    service = await desk.service(service_id)
    name = token_name(service.id)
    before, record = await desk.secret(name), await desk.sign_ins.record(service.id)
    await desk.keep_secret(name, cleaned_token(token))
    await desk.sign_ins.forget(service.id)
    try:
        service = await store_token_info(desk, service)
        refuse_bad_token(service)
        told = {} if await is_only_watched(desk, service) else await what_it_says(desk, service)
        if await learn(desk, service.id, "A new token was set.", **told, token=service.token) is None:
            await desk.service(service.id)  # raises: it was removed meanwhile
        return Changes.of(Noun.SERVICE, service.id)
    except BaseException:
        known = await desk.store.read(lambda c: services.service(c, service_id))
        await _put_back(desk, name, before if known is not None else None)
        if record is not None and known is not None:
            await desk.sign_ins.put_back(service.id, record)
        raise


async def _put_back(desk: Desk, name: str, before: SecretStr | None) -> None:
    if before is None:
        await desk.forget_secret(name)
    else:
        await desk.keep_secret(name, before)


async def remove_token(desk: Desk, service_id: str) -> Changes:
    """Forget the token of a service."""
    service = await desk.service(service_id)
    await forget_uploads(desk, service)
    await desk.sign_ins.forget(service.id)
    await desk.forget_secret(token_name(service.id))
    token = TokenInfo()
    if not desk.family(service).capabilities.token_needed:
        with contextlib.suppress(ProblemError):  # it is asked again before each job
            token = (await store_token_info(desk, service)).token
    return await _change(desk, service, "The token was removed.", token=token)


async def enable_service(desk: Desk, service_id: str, enabled: bool) -> Changes:
    """Switch a service on or off; its history stays."""
    service = await desk.service(service_id)
    update: dict[str, object] = {"enabled": enabled, "off_reason": "" if enabled else "Switched off by you."}
    update["state"] = HealthState.UNKNOWN if enabled else HealthState.OFF
    if enabled:
        update |= {"down_since": None, "down_seen_s": 0.0}
    return await _change(desk, service, "Switched on." if enabled else "Switched off.", **update)


async def state_country(desk: Desk, service_id: str, text: str) -> Changes:
    """State in which countries a service keeps data, by codes with commas between; rules on data look at it.

    “This computer” may be said of an address on loopback that is no tunnel; it holds for that address.
    Raises ProblemError for what is no country, and for groups such as EU: a service is in one place or more.
    """
    service = await desk.service(service_id)
    preset = await known_preset(desk, service.preset_id or "")
    if preset is not None and preset.locked:
        what = f"The catalogue of {preset.of} fixes it."
        raise problem(Kind.REFUSED, "The country cannot be changed", what, subject=service.name)
    if says_here(text) and on_loopback(service.base_url):
        event = f"{desk.person()} stated that it is this computer."
        return await _change(desk, service, event, here_at=service.base_url)
    stated = residency_of(text).allowed
    groups = [each for each in stated if each in GROUPS]
    if groups or not stated:
        raise problem(
            Kind.INPUT,
            "This is no country",
            f"“{text.strip()}” does not say in which country {service.name} keeps data.",
            "Use codes of two letters, such as ZA, with commas between several.",
            subject=service.name,
        )
    event = f"{desk.person()} stated that it keeps data in {', '.join(stated)}."
    return await _change(desk, service, event, country=stated[0], jurisdictions=stated, here_at="")


async def remove_service(desk: Desk, service_id: str) -> Changes:
    """Remove a service and its token. Its past jobs stay in the list.

    Refused while it has open jobs, or results that are still to be fetched: nobody could bring them later.
    """
    service = await desk.service(service_id)
    holds = service.token.present or bool(service.secret_setup)
    if holds:
        await desk.secret(token_name(service.id))  # raises: what a locked keyring holds would stay behind

    def remove(c: StoreConnection) -> tuple[int, int]:
        open_jobs = jobs.jobs(c, states=tuple(OPEN_STATES), service_id=service_id)
        done = jobs.jobs(c, states=(JobState.SUCCESS,), service_id=service_id)
        left = sum(job.fetch_wanted and not job.is_fetched for job in done)
        if not open_jobs and not left:
            services.remove_service(c, service_id)
        return len(open_jobs), left

    number, left = await desk.store.write(remove)
    if left and not number:
        raise problem(
            Kind.INPUT,
            "Results would be lost",
            f"The results of {left} jobs of {service.name} are not on this computer yet.",
            "Fetch them, forget these jobs, or switch the service off instead.",
            subject=service.name,
        )
    if number:
        raise problem(
            Kind.INPUT,
            "The service has open jobs",
            f"{number} jobs of {service.name} are not finished.",
            "Wait for them, cancel them, or switch the service off instead.",
            subject=service.name,
        )
    try:
        await _forget_secrets(desk, service)
    except ProblemError:
        if holds:  # else there may be no keyring at all on this computer
            raise
    return desk.announce(Changes.of(Noun.SERVICE, service_id))


async def _forget_secrets(desk: Desk, service: Service) -> None:
    await forget_uploads(desk, service)
    await desk.sign_ins.forget(service.id)
    await desk.forget_secret(token_name(service.id))
    for name in service.secret_setup:
        await desk.forget_secret(setup_name(service.id, name))


async def _change(desk: Desk, service: Service, event: str, **fields: object) -> Changes:
    """Only what was learned or decided: the service may have changed, or be gone, since it was read."""
    if await desk.update_service(service.id, event, **fields) is None:
        await desk.service(service.id)  # raises: it was removed meanwhile
    return Changes.of(Noun.SERVICE, service.id)


EXPORTED = ("name", "family", "base_url", "preset_id", "country", "operator", "plain_http_allowed")


async def export_services(desk: Desk, path: Path) -> Changes:
    """Write the services to a file, without tokens, for a colleague."""
    known = await desk.store.read(services.services)
    rows = [{key: getattr(s, key) for key in EXPORTED} for s in known if not s.practice]
    text = json.dumps({"haplodesk_services": 1, "services": rows}, indent=1)
    part = path.with_name(path.name + ".part")
    try:
        part.write_text(text + "\n", encoding="utf-8")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise problem(
            Kind.DISK,
            "The list was not written",
            f"{path}: {error.strerror or error}.",
            "Choose another place.",
            subject=str(path),
        ) from error
    return Changes()


async def import_services(desk: Desk, path: Path) -> Changes:
    """Add the services of an exported file; those already there are left as they are."""
    changes = Changes()
    for row in _read_rows(path):
        try:
            changes |= await add_service(
                desk,
                str(row["name"]),
                str(row["base_url"]),
                family=str(row.get("family") or "") or None,
                preset_id=str(row["preset_id"]) if row.get("preset_id") else None,
                plain_http_allowed=bool(row.get("plain_http_allowed", False)),
            )
        except ProblemError as error:
            if error.problem.title != "Already there":
                raise
    return changes


def _read_rows(path: Path) -> list[dict[str, object]]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        rows = data["services"]
        if not all(isinstance(row, dict) and row.get("name") and row.get("base_url") for row in rows):
            raise ValueError("a service without name or address")
    except OSError as error:
        raise problem(
            Kind.INPUT, "The file cannot be read", f"{path}: {error.strerror or error}.", subject=str(path)
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise problem(
            Kind.INPUT,
            "Not a list of services",
            f"{path.name} was not written by 'services export'.",
            "Export it again.",
            subject=str(path),
            details=type(error).__name__,
        ) from error
    return list(rows)
