"""The panels of a service, read as soon as it may show them."""

from __future__ import annotations

from app.ui.context import Context


def read_panels(context: Context, service_id: str) -> None:
    """In the background, after a service was added or its user made known.

    Nobody asked for them, so a failure is no notice: the page of the service says that they are not read yet,
    and has the button. Where they are shown only to who is signed in, they come after that.
    """
    reading = context.operations.sync_panels((service_id,))
    context.bridge.run(reading, context.bridge, None, lambda _problem: None)
