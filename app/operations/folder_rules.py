"""The rule of a folder goes along with what is copied or moved out of it, once the program has seen it there.

The folder itself is looked at anew each time: who owns it writes the file, and takes it away.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

from app.domain.dataset import DataFile
from app.domain.residency import combined
from app.operations.desk import Desk
from app.operations.residency_memory import Remembered, known_files, rules, state_beside
from app.operations.rule_files import rules_of_folders


async def remember_folder_rules(desk: Desk, files: Sequence[DataFile]) -> None:
    """Remember the rules of the folders of files by their content, in place of what was seen before."""
    found = await asyncio.to_thread(_beside, files)
    paths = {each.path for each in files}
    known = await desk.store.read(rules)
    if {*found} != {each for each in known if each.beside and each.path in paths}:
        await desk.store.write(partial(state_beside, paths=paths, found=found))


def _beside(files: Sequence[DataFile]) -> list[Remembered]:
    ruled = {each.path: rule for each in files if (rule := combined(rules_of_folders([each.path])))}
    known = known_files([each for each in files if each.path in ruled])
    return [
        Remembered(path=each.path, print=each.print, rule=ruled[each.path], beside=True)
        for each in known
        if each.print
    ]
