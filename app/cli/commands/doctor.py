"""`haplodesk doctor` and `haplodesk self-check`"""

from __future__ import annotations

import typer

from app.cli.program import session_of


def doctor(ctx: typer.Context) -> None:
    """Look at every component: database, keyring, disk, kernels, engines, services."""
    from app.cli.work import doctor as work

    work.doctor(session_of(ctx))


def self_check(ctx: typer.Context) -> None:
    """Prove that this copy of the program is whole; touches no data and no network."""
    from app.cli.work import self_check as work

    work.self_check(session_of(ctx))
