"""Which engines for phasing and imputation work for the practice server."""

from __future__ import annotations

from app.domain.model import Model
from app.imputation.contract import EngineName
from app.imputation.engines import beagle_command, minimac4_command

_TEXT = {
    EngineName.BUILTIN: "the built-in engine",
    EngineName.MINIMAC4: "Minimac4, found on this computer",
    EngineName.BEAGLE: "Beagle, found on this computer",
}


class Engines(Model):
    """The engines that really run. The names that a server sends (`eagle`, `beagle`, `no_phasing`) are kept,
    so that a client works here as it does there; the labels say what happens here."""

    imputation: EngineName = EngineName.BUILTIN
    beagle: bool = False

    def phasings(self) -> dict[str, str]:
        """The phasing choices and their labels."""
        told = {
            "eagle": "Phasing by the built-in engine (in place of Eagle v2.4)",
            "no_phasing": "No phasing",
        }
        if self.beagle:
            told["beagle"] = "Beagle (found on this computer)"
        return told

    def imputation_text(self) -> str:
        """What imputes, in words."""
        return _TEXT[self.imputation]


def find_engines(wanted: str | None = None) -> Engines:
    """Look for programs on this computer; `wanted` imputes, by default Minimac4 where it is found."""
    if wanted is None:
        wanted = EngineName.MINIMAC4 if minimac4_command() else EngineName.BUILTIN
    return Engines(imputation=EngineName(wanted), beagle=beagle_command() is not None)
