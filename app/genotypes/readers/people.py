"""Tables of people: .fam, .tfam, .psam and Oxford .sample, and what their people are called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.genotypes.cohort import CASE, CONTROL, FEMALE, MALE, UNKNOWN
from app.genotypes.readers.columns import text_pieces
from app.genotypes.readers.contract import FormatError

_SEX = {"1": MALE, "2": FEMALE, "m": MALE, "f": FEMALE, "male": MALE, "female": FEMALE}
_UNSTATED = dict.fromkeys(("", "0", "-9", "-9.0", "na", "nan", ".", "none"), UNKNOWN)
_CODES = {"1": CONTROL, "2": CASE, "1.0": CONTROL, "2.0": CASE, "control": CONTROL, "case": CASE}
_PHENOTYPE = _CODES | _UNSTATED
_MOST_PEOPLE = 20_000_000
_LONGEST_ID = 1000


@dataclass
class People:
    """One entry a person; parents are IDs or "0"."""

    families: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    fathers: list[str] = field(default_factory=list)
    mothers: list[str] = field(default_factory=list)
    sex: list[int] = field(default_factory=list)
    phenotypes: list[str] = field(default_factory=list)  # as written, one or none a person
    headings: int = 0  # lines above the first person

    def add(
        self,
        family: str,
        person: str,
        father: str = "0",
        mother: str = "0",
        sex: str = "",
        phenotype: str = "",
    ) -> None:
        """One more person."""
        self.phenotypes.append(phenotype)
        self.families.append(family)
        self.ids.append(person)
        self.fathers.append(father)
        self.mothers.append(mother)
        self.sex.append(_SEX.get(sex.lower(), UNKNOWN))

    def names(self) -> tuple[str, ...]:
        """IID where all are unique, else FID_IID."""
        if len(set(self.ids)) == len(self.ids):
            return tuple(self.ids)
        return tuple(f"{family}_{person}" for family, person in zip(self.families, self.ids, strict=True))

    def columns(self) -> dict[str, Sequence[str] | Sequence[int]]:
        """As a cohort keeps them; parents get the names of samples."""
        named = dict(zip(zip(self.families, self.ids, strict=True), self.names(), strict=True))
        columns: dict[str, Sequence[str] | Sequence[int]] = {"families": self.families, "sex": self.sex}
        for name, parents in (("fathers", self.fathers), ("mothers", self.mothers)):
            pairs = zip(self.families, parents, strict=True)
            columns[name] = [named.get(pair, pair[1]) for pair in pairs]
        phenotype = cases_and_controls(self.phenotypes)
        if any(phenotype):
            columns["phenotype"] = phenotype
        return columns


def cases_and_controls(written: Sequence[str]) -> list[int]:
    """UNKNOWN, CONTROL or CASE of each phenotype as PLINK writes it; a measurement is none of them."""
    coded = [_PHENOTYPE.get(each.lower()) for each in written]
    return [UNKNOWN] * len(written) if None in coded else [each or UNKNOWN for each in coded]


def prove(people: People, path: Path, prefix: str) -> People:
    """Nobody twice and somebody at all. FormatError otherwise."""
    if not people.ids:
        raise FormatError(
            f"{prefix}.no_samples", str(path), "The list of people is empty", "", "Export the data again."
        )
    pairs = Counter(zip(people.families, people.ids, strict=True))
    (family, person), times = pairs.most_common(1)[0]
    names = Counter(people.names()).most_common(1)[0]
    if times > 1 or names[1] > 1:
        raise FormatError(
            f"{prefix}.duplicate_samples",
            str(path),
            "A person is in the list twice",
            f"line {people.headings + _line_of_second(people, family, person)}",
            "Give every person an own ID, or remove one of the two.",
        )
    return people


def _line_of_second(people: People, family: str, person: str) -> int:
    places = [
        i for i, each in enumerate(zip(people.families, people.ids, strict=True)) if each == (family, person)
    ]
    return places[min(1, len(places) - 1)] + 1


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """Number and text of each line that is not blank."""
    number = 0
    for piece in text_pieces(path, 1 << 16):
        for raw in bytes(piece).splitlines():
            number += 1
            if number > _MOST_PEOPLE or len(raw) > 1 << 20:
                raise FormatError("content.people", str(path), "This is no list of people", f"line {number}")
            if raw.strip():
                yield number, raw.decode("utf-8", "replace").removeprefix("\ufeff")


def read_fam(path: Path, prefix: str = "plink") -> People:
    """A .fam or .tfam: FID, IID, father, mother, sex and perhaps a phenotype, between blanks or tabs."""
    people = People()
    for number, line in lines(path):
        words = line.split()
        if len(words) < 5 or max(map(len, words)) > _LONGEST_ID:
            raise FormatError(
                f"{prefix}.fam_columns",
                str(path),
                f"A line of the list of people has {len(words)} columns instead of 6",
                f"line {number}",
                "Every line holds family, person, father, mother, sex and phenotype.",
            )
        people.add(*words[:6])
    return prove(people, path, prefix)


def read_psam(path: Path) -> People:
    """A PLINK 2 .psam: named columns behind a #FID or #IID line, else as a .fam.

    The phenotype is the first column whose name begins with PHENO.
    """
    people, header = People(), ["#FID", "IID", "PAT", "MAT", "SEX"]
    for number, line in lines(path):
        words = line.split("\t") if "\t" in line else line.split()
        if line.startswith("##"):
            continue
        if line.startswith("#"):
            header = words
            continue
        row = {name.lstrip("#"): word for name, word in zip([*header, "PHENO1"], words, strict=False)}
        if "IID" not in row or len(words) < len(header):
            raise FormatError(
                "plink2.psam_columns",
                str(path),
                "A line of the list of people has too few columns",
                f"line {number}",
                "Export the data again.",
            )
        people.headings = people.headings or number - 1
        people.add(
            row.get("FID", "0"),
            row["IID"],
            row.get("PAT", "0"),
            row.get("MAT", "0"),
            row.get("SEX", ""),
            next((row[name] for name in row if name.startswith("PHENO")), ""),
        )
    return prove(people, path, "plink2")


_BINARY = {"0": "1", "1": "2"}


def read_sample(path: Path) -> People:
    """An Oxford .sample: two lines of headings (`ID_1 ID_2 missing sex`, then kinds), then the people.

    A column of the kind B is a phenotype of 0 (control) and 1 (case); the first is taken.
    """
    people, header, kinds = People(), list[str](), list[str]()
    for number, line in lines(path):
        words = line.split()
        if not header:
            header = [word.lower() for word in words]
        elif number == 2 and set(words) <= set("0DCPBS"):
            kinds = words
        elif len(words) < min(2, len(header)):
            raise FormatError(
                "oxford.sample_columns", str(path), "A line has too few columns", f"line {number}"
            )
        else:
            row = dict(zip(header, words, strict=False))
            people.headings = people.headings or number - 1
            second = words[1] if len(header) > 1 and header[1] == "id_2" else words[0]
            phenotype = _BINARY.get(words[kinds.index("B")], "") if "B" in kinds[: len(words)] else ""
            father, mother = row.get("father", "0"), row.get("mother", "0")
            people.add(words[0], second, father, mother, row.get("sex", ""), phenotype)
    return prove(people, path, "oxford")
