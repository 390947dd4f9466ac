"""Whole files to each worker, and a run that ends when a worker crashes.

xdist runs the test that crashed again and again, and hands out the files that its worker had done as well. A
worker that gets a done file has nothing to run and tells nothing, so it is never given another; and one that
comes in the place of a crashed one waits for a second test when its first file has only one. Either way the
run stood still until somebody ended it.
"""

from __future__ import annotations

from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController


class WholeFiles(LoadFileScheduling):
    """xdist's own, but for what happens after a crash: the test has failed, the rest of its file goes on."""

    def remove_node(self, node: WorkerController) -> str | None:
        """Called with a worker that crashed or ended; gives the test that it crashed in."""
        files = self.assigned_work.pop(node)
        crashed = next(
            ((file, test) for file, tests in files.items() for test in tests if not tests[test]), None
        )
        if crashed is None:
            return None
        file, test = crashed
        files[file][test] = True
        self.workqueue.update({file: tests for file, tests in files.items() if not all(tests.values())})
        for other in self.nodes:
            self._reschedule(other)
        return test

    def schedule(self) -> None:
        """Called once, and then with each worker that comes in the place of another."""
        super().schedule()
        for node in self.nodes:
            if self.workqueue and self._pending_of(self.assigned_work[node]) < 2:
                self._reschedule(node)
