"""What `impute` is asked for. Imports little: it is read before anything else is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from pathlib import Path

from app.cli.work.usage import WrongUsageError
from app.domain.processors import usable_processors

AUTO = "auto"
ENGINES = ("builtin", "minimac4", "beagle")
KERNELS = ("automatic", "c", "numpy", "card")
PHASINGS = (AUTO, "none", "builtin", "beagle")
LIMITS: dict[str, tuple[float, float]] = {
    "min_r2": (0, 1),
    "threads": (1, inf),
    "memory": (256, inf),
    "seed": (0, inf),
}


@dataclass(frozen=True)
class Order:
    """What the command line said, option by option: `panel_file` is `--panel-file`.

    Several panels or maps are told apart by their chromosomes. WrongUsageError for what cannot be.
    """

    files: tuple[Path, ...]
    panel_file: tuple[Path, ...]
    out: Path
    engine: str = ENGINES[0]
    map: tuple[Path, ...] = ()
    phasing: str = PHASINGS[0]
    min_r2: float = 0.0
    threads: int | None = None
    memory: int = 4096
    seed: int = 1
    kernel: str = KERNELS[0]

    def __post_init__(self) -> None:
        for name, known in (("engine", ENGINES), ("phasing", PHASINGS), ("kernel", KERNELS)):
            if getattr(self, name) not in known:
                raise WrongUsageError(f"--{name} is one of {', '.join(known)}")
        if self.kernel != KERNELS[0] and self.engine != ENGINES[0]:
            raise WrongUsageError(f"--kernel belongs to --engine {ENGINES[0]}")
        for name, (least, most) in LIMITS.items():
            value = getattr(self, name)
            if value is not None and not least <= value <= most:
                upto = "" if most == inf else f" and at most {most:g}"
                raise WrongUsageError(f"--{name.replace('_', '-')} is at least {least:g}{upto}")

    @property
    def processors(self) -> int:
        """Threads of the engine: all processors that this process may use where none were named."""
        return self.threads or usable_processors()
