"""Imputation services, their health, their tokens and what they offer."""

from datetime import datetime
from enum import StrEnum

from app.domain.model import Model
from app.domain.parameter import Form


class HealthState(StrEnum):
    """What the last look at a service found."""

    UNKNOWN = "unknown"
    UP = "up"
    MAINTENANCE = "maintenance"
    DOWN = "down"
    OFFLINE = "offline"  # this computer has no network: says nothing about the service
    OFF = "off"  # switched off, by the user or after 30 days down


class Phases(Model):
    """Milliseconds of each step of a connection; None where it was not reached."""

    dns: float | None = None
    tcp: float | None = None
    tls: float | None = None
    first_byte: float | None = None

    @property
    def total(self) -> float | None:
        """Milliseconds to the first byte, all steps together; None when it never came."""
        if self.first_byte is None:
            return None
        return sum(part for part in (self.dns, self.tcp, self.tls, self.first_byte) if part)


class Health(Model):
    """One look at a service. `detail` is a sentence.

    `failed_phase` names the step that failed: dns, tcp, tls, first_byte (HTTP: no answer, or one that says
    that the service does not work), or timeout where one of them took too long.
    `queue` is how many jobs of all people wait there, None where the service does not tell.
    """

    service_id: str
    at: datetime
    state: HealthState
    phases: Phases = Phases()
    status_code: int | None = None
    failed_phase: str | None = None
    detail: str = ""
    queue: int | None = None


class Limits(Model):
    """What a service allows. None means not known. From a preset until the service tells better."""

    min_samples: int | None = None
    max_samples: int | None = None
    max_running_jobs: int | None = None
    max_file_mb: int | None = None
    max_upload_mb: int | None = None
    max_parallel_downloads: int | None = None
    max_downloads_per_file: int | None = None
    min_poll_s: float = 30.0
    retention_days: int | None = None
    chromosomes: tuple[str, ...] = ()
    max_vcf_version: str | None = None


class ServiceApp(Model):
    """An application that a service runs, such as `imputationserver2@2.0.12`."""

    id: str
    name: str
    version: str = ""


class ServiceFact(Model):
    """Something that a service tells of itself, such as “Engines”: “cwltool 3.3”."""

    label: str
    value: str


LASTING_FACTS = frozenset(
    {"Version", "Kind of server", "WES versions", "Workflow types", "Engines", "File protocols"}
)
"""Labels of facts that stay until somebody changes the server; others, such as counts, always change."""
QUOTA_LABEL = "Quota"
"""How the label of a fact begins that tells what was used of a quota."""


class Quota(Model):
    """How much a user may still use of one application; None means not told.

    `charged_minimum` is taken even for a smaller job. `unit` is plain text, such as “samples”.
    """

    limit: float | None = None
    used: float | None = None
    unit: str = ""
    charged_minimum: float | None = None
    largest_job: float | None = None

    @property
    def left(self) -> float | None:
        """What is left, never below 0; None where the service does not tell."""
        if self.limit is None or self.used is None:
            return None
        return max(0.0, self.limit - self.used)


class TokenInfo(Model):
    """What is known of a token; never the token itself. `expires` is read from the token."""

    present: bool = False
    valid: bool | None = None
    expires: datetime | None = None
    username: str | None = None
    checked: datetime | None = None
    detail: str = ""


class Service(Model):
    """A service that the user added.

    `generation` is the dialect found by looking (`cg2`, `cg3`), never by the name. `down_since` is when
    it was first seen down without being up since, `down_seen_s` how many seconds of that time were looked
    at: while the program does not run nobody knows. `practice` marks a server that lives on this computer.
    `jurisdictions` are the countries whose law reaches data there, where it is not `country` alone. `setup`
    is what its family needs beyond the address (`app.services.contract.Connection.setup`), `facts` what the
    server told of itself at the last look. `score` (0 to 100) and `last_day` (its answers as a line of
    signs) are those of `domain.standing` after the last look. `here_at` is the address on loopback at which
    it is this computer, and no tunnel to another one, as a person stated it.
    """

    id: str
    name: str
    family: str
    base_url: str
    country: str = ""
    jurisdictions: tuple[str, ...] = ()
    operator: str = ""
    preset_id: str | None = None
    enabled: bool = True
    off_reason: str = ""
    generation: str | None = None
    server_name: str = ""
    maintenance_text: str = ""
    apps: tuple[ServiceApp, ...] = ()
    limits: Limits = Limits()
    state: HealthState = HealthState.UNKNOWN
    response_ms: float | None = None
    last_checked: datetime | None = None
    down_since: datetime | None = None
    down_seen_s: float = 0.0
    last_synced: datetime | None = None
    token: TokenInfo = TokenInfo()
    practice: bool = False
    added: datetime
    plain_http_allowed: bool = False
    setup: dict[str, str] = {}
    secret_setup: tuple[str, ...] = ()
    """The names of what was said of it and lies in the keyring, such as the signature of a store."""
    facts: tuple[ServiceFact, ...] = ()
    keeps_logs: bool = False
    """It shows the log of a run."""
    score: int | None = None
    last_day: str = ""
    here_at: str = ""
    to_mend: str = ""
    """What has to be mended in its description before anything new is sent, as seen at the last look."""

    @property
    def signs_in(self) -> bool:
        """Whether its users sign in in the browser (OpenID Connect) instead of making a token."""
        return bool(self.setup.get("oidc_discovery"))

    @property
    def wants_client_id(self) -> bool:
        """Whether nobody has said yet by which id the sign-in knows this program."""
        return self.signs_in and not self.setup.get("oidc_client_id")

    @property
    def is_here(self) -> bool:
        """Whether it is this computer itself: nothing is sent, there is no token, password or page."""
        return self.family == "local"

    @property
    def is_by_hand(self) -> bool:
        """Whether it is only a web page: the program prepares files, and a person does the rest."""
        return self.family == "guided"


class StoredForm(Model):
    """The form of an application as it was last read."""

    service_id: str
    form: Form
    as_of: datetime
