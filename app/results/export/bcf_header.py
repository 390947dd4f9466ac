"""The header of a BCF: the lines of a VCF, and the numbers that stand for their words in records."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_DECLARES = re.compile(r"##(contig|FILTER|INFO|FORMAT)=<")
_ID = re.compile(r"[<,]ID=([^,>]+)")
_IDX = re.compile(r",IDX=\d+")
_TYPE = re.compile(r"[<,]Type=(\w+)")
_FORMATS = {
    "GT": '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
    "DS": '##FORMAT=<ID=DS,Number=A,Type=Float,Description="Estimated count of the ALT allele">',
    "HDS": '##FORMAT=<ID=HDS,Number=.,Type=Float,Description="Estimated ALT dosage of each haplotype">',
    "GP": '##FORMAT=<ID=GP,Number=G,Type=Float,Description="Estimated probability of each genotype">',
}


class BcfHeader:
    """`contigs` and `words` are numbers by name, `types` those of the values of INFO."""

    def __init__(
        self,
        header: Sequence[str],
        samples: Sequence[str],
        fields: Sequence[str],
        chromosomes: Iterable[str],
        infos: Iterable[str],
        filters: Iterable[str],
    ) -> None:
        """`fields` is FORMAT. Chromosomes, keys of INFO and filters that are not declared are added."""
        self.contigs: dict[str, int] = {}
        self.words: dict[str, int] = {}
        self.types: dict[str, str] = {}
        self._lines: list[str] = ["##fileformat=VCFv4.2"]
        self._add('##FILTER=<ID=PASS,Description="All filters passed">')
        for line in header:
            if line.startswith("##") and not line.startswith(("##fileformat", "##FORMAT")):
                self._add(line)
        for name in fields:
            self._add(_FORMATS[name])
        for name in chromosomes:
            self._add(f"##contig=<ID={name}>")
        for name in infos:
            if name not in self.types:
                self._add(f'##INFO=<ID={name},Number=.,Type=String,Description="Not declared in the source">')
        for name in filters:
            if name not in self.words:
                self._add(f'##FILTER=<ID={name},Description="Not declared in the source">')
        columns = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO"]
        self._lines.append("\t".join([*columns, "FORMAT", *samples] if samples else columns))

    def _add(self, line: str) -> None:
        kind, name = _DECLARES.match(line), _ID.search(line)
        if kind is None or name is None:
            self._lines.append(line)
            return
        bare = _IDX.sub("", line).rstrip()
        if kind[1] == "contig":
            if name[1] in self.contigs:
                return
            number = self.contigs[name[1]] = len(self.contigs)
        else:
            if kind[1] == "INFO" and name[1] not in self.types:
                told = _TYPE.search(line)
                self.types[name[1]] = told[1] if told else "String"
            elif name[1] in self.words and kind[1] != "FORMAT":
                return
            number = self.words.setdefault(name[1], len(self.words))
        self._lines.append(f"{bare[:-1]},IDX={number}>")

    def text(self) -> bytes:
        """The lines."""
        return "\n".join(self._lines).encode() + b"\n"
