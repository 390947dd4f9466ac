"""A practice server as a process of its own whose jobs take a moment (`quick_work`).

`python -m tests.end_to_end.serve HOME MODE` prints one line of JSON and ends when its standard input closes.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from app.practice.server import PracticeServer
from app.practice.settings import PracticeLimits
from tests.end_to_end.quick_work import make_results


def main() -> None:
    home, mode = Path(sys.argv[1]), sys.argv[2]
    limits = PracticeLimits(max_running_jobs=100)
    server = PracticeServer(
        home, mode, workers=3, limits=limits, practice_panels=False, work=make_results, engine="builtin"
    )
    with server:
        told = {"base_url": server.base_url, "token": server.token(), "practice_key": server.practice_key}
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
