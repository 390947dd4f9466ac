"""What a service lets a user choose, as the service describes it."""

from enum import StrEnum

from app.domain.model import Model


class ParameterType(StrEnum):
    """How a parameter is shown and sent."""

    FILES = "files"
    TEXT = "text"
    TEXTAREA = "textarea"
    SECRET = "secret"
    NUMBER = "number"
    CHECKBOX = "checkbox"
    CHOICE = "choice"
    PANEL = "panel"
    BOUND_CHOICE = "bound_choice"
    TERMS = "terms"
    HEADING = "heading"
    INFO = "info"
    SEPARATOR = "separator"
    UNKNOWN = "unknown"


VALUE_TYPES = frozenset(
    {
        ParameterType.TEXT,
        ParameterType.TEXTAREA,
        ParameterType.NUMBER,
        ParameterType.CHECKBOX,
        ParameterType.CHOICE,
        ParameterType.PANEL,
        ParameterType.BOUND_CHOICE,
        ParameterType.TERMS,
        ParameterType.UNKNOWN,
    }
)


class Choice(Model):
    """One entry of a list: what is sent and what is shown."""

    key: str
    label: str


class Parameter(Model):
    """One input of an application, in the order of the service; texts are plain, HTML is stripped.

    `bound_choices` maps the key of the parameter named by `bound_to` to the choices it allows.
    `raw_type` is the service's own word, `minimum` and `maximum` the ends of a number, themselves allowed.
    """

    id: str
    label: str
    type: ParameterType
    raw_type: str = ""
    required: bool = False
    default: str = ""
    help: str = ""
    details: str = ""
    pattern: str = ""
    minimum: float | None = None
    maximum: float | None = None
    accept: str = ""
    choices: tuple[Choice, ...] = ()
    bound_to: str | None = None
    bound_choices: dict[str, tuple[Choice, ...]] = {}
    links: tuple[str, ...] = ()


class Form(Model):
    """All parameters of one application of a service; `phased`: it takes phased data, and does not phase."""

    app_id: str
    app_name: str
    app_version: str = ""
    description: str = ""
    submit_label: str = ""
    parameters: tuple[Parameter, ...] = ()
    phased: bool = False

    def parameter(self, parameter_id: str) -> Parameter | None:
        """The parameter of that id, if the application has it."""
        return next((p for p in self.parameters if p.id == parameter_id), None)

    def of_type(self, kind: ParameterType) -> tuple[Parameter, ...]:
        """The parameters of one type, in order."""
        return tuple(p for p in self.parameters if p.type == kind)
