"""Which programs for phasing and imputation are on this computer."""

from __future__ import annotations

import shutil

from app.domain.model import Model

BUILTIN, MINIMAC4, BEAGLE = "builtin", "minimac4", "beagle"
_TEXT = {BUILTIN: "the built-in engine", MINIMAC4: "Minimac4", BEAGLE: "Beagle"}


class Engines(Model):
    """The engines that really run. The names that a server sends (`eagle`, `beagle`, `no_phasing`) are kept,
    so that a client works here as it does there; the labels say what happens here."""

    imputation: str = BUILTIN
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


def find_engines() -> Engines:
    """Look for programs on the search path."""
    return Engines(
        imputation=MINIMAC4 if shutil.which("minimac4") else BUILTIN,
        beagle=shutil.which("beagle") is not None,
    )
