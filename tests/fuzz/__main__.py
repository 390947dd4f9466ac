"""The command line of the fuzzer; see the package."""

from __future__ import annotations

import argparse
import json
import sys
import time

from tests.fuzz.hunt import hunt
from tests.fuzz.readers import READERS


def main() -> int:
    """1 when something was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="for each reader")
    parser.add_argument("--reader", choices=[*READERS, "all"], default="all")
    parser.add_argument("--first", type=int, default=None, help="number of the first input")
    options = parser.parse_args()
    first = options.first if options.first is not None else time.time_ns() // 1_000_000
    found = False
    for reader in READERS if options.reader == "all" else [options.reader]:
        result = hunt(reader, options.seconds, first, _tell)
        sys.stdout.write(json.dumps(vars(result) | {"first": first}) + "\n")
        sys.stdout.flush()
        found |= bool(result.found)
    return int(found)


def _tell(text: str) -> None:
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    raise SystemExit(main())
