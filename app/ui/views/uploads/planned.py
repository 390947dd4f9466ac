"""A plan of repairs, and what is known of the chain file that a lift in it needs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.domain.chain import ChainFile, ChainOffer
from app.domain.repair import RepairPlan
from app.ui.context import Context
from app.ui.views.uploads.target_menu import Target
from app.ui.widgets.chain_row import Builds


@dataclass(frozen=True)
class Planned:
    """A plan; `builds` are from and to, `kept` a chain file that is here, `offer` one to download."""

    plan: RepairPlan
    builds: Builds | None = None
    kept: ChainFile | None = None
    offer: ChainOffer | None = None

    @property
    def chain(self) -> Path | None:
        """The chain file that the plan was made with."""
        return Path(self.kept.path) if self.kept is not None else None


async def planned(context: Context, dataset_id: str, target: Target, builds: Builds | None) -> Planned:
    """Ask for the plan with the chain file between `builds`, if one is at hand.

    Groups of people may be of different builds: then the plan says which chain file is wanted.
    """
    library = context.library
    kept = None
    if builds is not None:
        chains = await library.chains()
        kept = next((c for c in chains if (c.from_build, c.to_build) == builds), None)
    plan = await context.operations.plan_repair(
        dataset_id,
        target.service_id,
        target.panel_id,
        target.population,
        chain=Path(kept.path) if kept is not None else None,
    )
    builds = builds or next(iter(plan.wanted_chains), None)
    offer = await library.chain_offer(*builds) if builds is not None else None
    return Planned(plan, builds, kept, offer)
