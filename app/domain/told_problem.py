"""The problem itself; import it from `problem`, which loads this module when it is needed."""

from app.domain.model import Model
from app.domain.path_text import ShownText
from app.domain.problem import Kind


class Problem(Model):
    """What happened and what the user can do about it.

    `subject` names the file, service or job concerned. `details` is for the log and the expert and holds
    no token, password, genotype or secret address.
    """

    kind: Kind
    title: ShownText
    what_happened: ShownText
    what_you_can_do: ShownText = ""
    retry: bool = False
    retry_after_s: float | None = None
    subject: ShownText | None = None
    details: ShownText = ""

    def sentence(self) -> str:
        """The problem in one line, for logs, lists and the command line."""
        parts = (self.title, self.what_happened, self.what_you_can_do)
        return " ".join(_ended(part) for part in parts if part)


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?", ":")) else text + "."
