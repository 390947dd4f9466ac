"""What several commands take, declared once, so that it is called and explained the same everywhere."""

from __future__ import annotations

from typing import Annotated

import typer

TokenOnce = Annotated[
    bool, typer.Option("--token-stdin", help="Use the token on standard input for this call only.")
]
Wait = Annotated[bool, typer.Option("--wait", help="Wait until the jobs have ended.")]
NoCheck = Annotated[bool, typer.Option("--no-check", help="Leave out the genotype checks.")]
Reason = Annotated[
    str,
    typer.Option("--override-reason", metavar="TEXT", help="Send in spite of severe findings; recorded."),
]
