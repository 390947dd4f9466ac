"""Files of several groups of people: each is planned and repaired by itself, in a folder of its own."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.path_text import shown
from app.genotypes.cohort import Cohort
from app.genotypes.people.groups import people_groups

_LONGEST_FOLDER = 80
_UNSAFE = re.compile(r'[\x00-\x1f<>:"/\\|?*\x7f]+')
_ENDINGS = re.compile(r"(\.(vcf|bcf|bed|pgen|bgen|gen|ped|txt|csv|gz|bgz|zip|zst))+$", re.IGNORECASE)
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # names of devices in Windows


@dataclass(frozen=True)
class StudyGroup:
    """The packed files of one group; `name` and `folder` are empty where there is no other group."""

    name: str
    folder: str
    cohorts: tuple[Cohort, ...]


def study_groups(cohorts: Sequence[Cohort]) -> list[StudyGroup]:
    """The groups in the order of their first files: those that a check names, by the same rule."""
    paths = [each.origin.files[0] if each.origin.files else str(each.folder) for each in cohorts]
    found = people_groups(paths, [each.samples for each in cohorts])
    if len(found) < 2:
        return [StudyGroup("", "", tuple(cohorts))]
    folders = folder_names([each.name for each in found])
    return [
        StudyGroup(group.name, folder, tuple(cohorts[number] for number in group.files))
        for group, folder in zip(found, folders, strict=True)
    ]


def folder_names(names: Sequence[str]) -> list[str]:
    """A name of a folder for each group, different ones on every system, whatever the case of letters."""
    taken: set[str] = set()
    folders = []
    for name in names:
        plain = _folder_name(name)
        wanted, number = plain, 1
        while wanted.casefold() in taken:
            number += 1
            wanted = f"{plain}-{number}"
        taken.add(wanted.casefold())
        folders.append(wanted)
    return folders


def _folder_name(name: str) -> str:
    """`cohort.chr1.vcf.gz and 21 more` → `cohort.chr1`; what no system takes becomes a dash."""
    first = re.sub(r" and [\d,]+ more$", "", shown(unicodedata.normalize("NFC", name)))
    plain = _UNSAFE.sub("-", _ENDINGS.sub("", first)).replace("\ufffd", "-")
    while len(plain.encode()) > _LONGEST_FOLDER:
        plain = plain[:-1]
    plain = plain.strip(" .-")
    if not plain or _RESERVED.fullmatch(plain) or re.fullmatch(r"batch\d+", plain, re.IGNORECASE):
        plain = f"group-{plain}".rstrip("-")
    return plain
