"""What can be chosen for a job on this computer."""

from __future__ import annotations

from collections.abc import Sequence

from app import __version__
from app.domain.parameter import Choice, Form, Parameter, ParameterType
from app.domain.service import ServiceApp
from app.services.local.host import FoundEngine
from app.services.local.layout import LocalPanel

APP_ID = "impute"
PANEL_FIELD, ENGINE_FIELD, KERNEL_FIELD = "refpanel", "engine", "kernel"
PHASING_FIELD, R2_FIELD = "phasing", "r2Filter"
APP = ServiceApp(id=APP_ID, name="Imputation on this computer", version=__version__)
_CUTS = (("0", "Keep all sites"), ("0.001", "0.001"), ("0.1", "0.1"), ("0.2", "0.2"), ("0.3", "0.3"))


def make_form(panels: Sequence[LocalPanel], engines: Sequence[FoundEngine]) -> Form:
    """The parameters, with the panels and engines that are there."""
    return Form(
        app_id=APP_ID,
        app_name=APP.name,
        app_version=APP.version,
        description="Phases and imputes on this computer; nothing leaves it.",
        submit_label="Start",
        parameters=(
            Parameter(
                id=PANEL_FIELD,
                label="Reference panel",
                type=ParameterType.PANEL,
                required=True,
                help="A panel that you added. Add one by “Add a panel”.",
                choices=tuple(Choice(key=p.id, label=f"{p.name} ({p.build})") for p in panels),
            ),
            Parameter(id="files", label="Genotypes", type=ParameterType.FILES, required=True),
            _engine(engines),
            Parameter(
                id=KERNEL_FIELD,
                label="The built-in engine computes with",
                type=ParameterType.CHOICE,
                default="automatic",
                help="A graphics card pays for large panels and many people. Other engines do without it.",
                choices=(
                    Choice(key="automatic", label="Processor"),
                    Choice(key="card", label="Graphics card (needs PyTorch)"),
                ),
            ),
            _phasing(engines),
            Parameter(
                id=R2_FIELD,
                label="Leave out sites below R2",
                type=ParameterType.CHOICE,
                default="0",
                choices=tuple(Choice(key=key, label=label) for key, label in _CUTS),
            ),
        ),
    )


def _engine(engines: Sequence[FoundEngine]) -> Parameter:
    return Parameter(
        id=ENGINE_FIELD,
        label="Engine",
        type=ParameterType.CHOICE,
        default=engines[0].name if engines else "",
        help="Minimac4 and Beagle are offered where they are installed or named in Settings.",
        choices=tuple(Choice(key=e.name, label=f"{e.title} {e.version}".strip()) for e in engines),
    )


def _phasing(engines: Sequence[FoundEngine]) -> Parameter:
    choices = [
        Choice(key="auto", label="Where it is needed"),
        Choice(key="builtin", label="By the built-in phasing"),
    ]
    if any(each.name == "beagle" for each in engines):
        choices.append(Choice(key="beagle", label="By Beagle"))
    choices.append(Choice(key="none", label="The data are phased"))
    return Parameter(
        id=PHASING_FIELD,
        label="Phasing",
        type=ParameterType.CHOICE,
        default="auto",
        choices=tuple(choices),
    )
