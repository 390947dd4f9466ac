"""Random uploads with everything that is odd in files of users, for asking two implementations the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from app.genotypes.server.parameters import ServerQcParameters

LETTERS = "ACGT"
PLAIN = ["0/0", "0/1", "1/0", "1/1", "0/0", "0/1"]
ODD = [
    "./.",
    ".",
    "./1",
    "0/.",
    "1",
    "0",
    "0/2",
    "2/2",
    "./2",
    "1/2",
    "",
    "0/0/1",
    "./././.",
    "10/0",
    "1/1/1",
]
CHAIN = (
    "chain 1 chr20 6000 + 100 2200 chr20 9000 + 300 2410 1\n500 5 0\n700 0 15\n895\n\n"
    "chain 1 chr20 6000 + 2150 4000 chr20 9000 - 3000 4850 2\n1000 10 10\n840\n\n"
    "chain 1 chr20 6000 + 4200 5000 chr21 9000 + 10 810 3\n800\n"
)
"""hg19 → hg38 for 6,000 bases: gaps, an overlap of two chains, a turned chain, another chromosome."""


@dataclass
class Upload:
    """What is sent and to what panel; `rows` of the panel by chromosome. `chain` says that it is lifted."""

    files: list[bytes]
    parameters: ServerQcParameters
    rows: dict[str, list[tuple[int, str, str]]]
    chain: bool = False
    notes: list[str] = field(default_factory=list)


def upload(rng: Random) -> Upload:
    """One upload; the same for the same state of `rng`."""
    kind = rng.choice(["autosome"] * 6 + ["x"] * 3 + ["lift"] * 2)
    parameters = _parameters(rng, kind)
    panel = _panel(rng, "X" if kind == "x" else "20")
    if kind == "lift":
        panel["20"] = [*panel["20"], *[(p + 200, r, a) for p, r, a in panel["20"]]]
    samples = rng.choice([1, 2, 3, 7, 20])
    count = rng.choice([1, 1, 1, 2, 3])
    prefix = "chr" if parameters.build == "hg38" else ""
    name = prefix + (rng.choice(["X", "23"]) if kind == "x" else "20")
    files = [_file(rng, name, panel, samples, kind) for _ in range(count)]
    return Upload(files, parameters, panel, kind == "lift")


def _parameters(rng: Random, kind: str) -> ServerQcParameters:
    build = rng.choice(["hg19", "hg38"]) if kind != "lift" else "hg19"
    chromosome = ("chr" if build == "hg38" else "") + ("X" if kind == "x" else "20")
    large = kind == "x"
    return ServerQcParameters(
        build=build,
        panel_build="hg38" if kind == "lift" else build,
        population=rng.choice(["eur", "EUR", "off"]),
        populations={"eur": 60, "off": -1},
        phasing=rng.choice(["eagle", "eagle", "beagle", "no_phasing"]),
        min_samples=rng.choice([0, 0, 2]),
        max_samples=rng.choice([0, 0, 0, 10]),
        chunk_size=rng.choice([1_000_000, 20_000_000] if large else [500, 1000, 2000, 20_000_000]),
        phasing_window=rng.choice([250_000, 5_000_000] if large else [0, 100, 250, 600, 1500, 5_000_000]),
        overlap=rng.choice([0.5, 0.5, 0.1, 0.9]),
        min_snps=rng.choice([3, 1, 1, 5]),
        sample_call_rate=rng.choice([0.5, 0.5, 0.9]),
        mixed_genotypes=rng.choice([0.1, 0.3]),
        strand_flips=rng.choice([100, 2, 0]),
        allele_switches=rng.choice([None, 1, 5]),
        region=rng.choice(["", "", "", f"{chromosome}:300-1200,{chromosome}:1900-2600,21:5-9"]),
    )


def _panel(rng: Random, chromosome: str) -> dict[str, list[tuple[int, str, str]]]:
    rows: list[tuple[int, str, str]] = []
    for position in _places(rng, chromosome, rng.randint(5, 60)):
        for _ in range(rng.choice([1, 1, 1, 1, 2, 3])):
            pair = rng.choice([rng.sample(LETTERS, 2), ["A", "T"], ["G", "C"], rng.sample(LETTERS, 2)])
            if rng.random() < 0.08:
                pair = rng.choice([["AT", "A"], ["C", "CG"], ["GA", "T"], ["a", "g"]])
            rows.append((position, pair[0], pair[1]))
    return {chromosome: rows}


def _places(rng: Random, chromosome: str, count: int) -> list[int]:
    if chromosome == "X":
        starts = [2_699_500, 2_781_460, 154_931_030, 155_701_370, 5_000_000, 1_000_000, 20_000_000]
        return sorted({start + rng.randint(0, 40) for start in rng.choices(starts, k=count)})
    high = rng.choice([600, 2600, 5000])
    return sorted(
        {rng.choice([rng.randint(1, high), rng.randint(1, high) // 500 * 500 or 1]) for _ in range(count)}
    )


def _file(
    rng: Random, name: str, panel: dict[str, list[tuple[int, str, str]]], samples: int, kind: str
) -> bytes:
    chromosome = next(iter(panel))
    oddness = rng.choice([0, 0, 0.02, 0.1, 0.5])
    known = panel[chromosome]
    places = _places(rng, chromosome, rng.choice([1, 5, 30, 80])) + [row[0] for row in known]
    lines = []
    for position in sorted(places):
        rows = [row for row in known if row[0] == position]
        pair = rng.choice(rows)[1:] if rows else tuple(rng.sample(LETTERS, 2))
        lines.append(_line(rng, name, position, _turned(rng, pair), samples, oddness, kind))
    lines = [line for line in lines if line]
    text = _header(rng, samples) + "".join(line + "\n" for line in _damaged(rng, lines, name))
    if rng.random() < 0.1:
        text = text.replace("\n", "\r\n")
    return text.encode()


def _header(rng: Random, samples: int) -> str:
    version = rng.choice(["4.2"] * 8 + ["4.1", "4.0", "4.3", "4.4"])
    names = [f"S{n:02d}" for n in range(samples)] if rng.random() < 0.7 else [f"S{n}" for n in range(samples)]
    if rng.random() < 0.03:
        names[-1] = rng.choice(["POS", "S00", "S<0>"])
    columns = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *names]
    extra = rng.choice(["", "##source=a\n", '##FORMAT=<ID=GT,Number=1,Type=String,Description="G">\n'])
    return f"##fileformat=VCFv{version}\n{extra}" + "\t".join(columns) + "\n"


def _turned(rng: Random, pair: tuple[str, ...]) -> tuple[str, str]:
    ref, alt = pair[0][:1].upper(), pair[1][:1].upper()
    turn = str.maketrans("ACGT", "TGCA")
    kinds = [(ref, alt)] * 6 + [(alt, ref), (ref.translate(turn), alt.translate(turn))]
    kinds += [(alt.translate(turn), ref.translate(turn)), (ref, rng.choice("ACGT".replace(ref, "")))]
    if rng.random() < 0.12:
        odd = [(ref, f"{alt},T"), (ref, "."), (ref, "*"), (f"{ref}A", alt), ("N", alt), (ref.lower(), alt)]
        kinds = [*odd, (ref, alt.lower()), (ref, "<DEL>"), (ref.lower(), ref)]
    ref, alt = rng.choice(kinds)
    return (ref, alt) if ref != alt else (ref, "ACGT".replace(ref[:1], "")[0])


def _line(
    rng: Random, name: str, position: int, pair: tuple[str, str], samples: int, oddness: float, kind: str
) -> str:
    filters = rng.choice(["PASS"] * 8 + [".", "q10", "DUP", "NODUPS", "Dup", "pass"])
    separator = rng.choice(["/", "/", "/", "|"])
    low = rng.random() < 0.15
    cells = [_cell(rng, oddness, low, kind).replace("/", separator) for _ in range(samples)]
    keys = rng.choice(["GT"] * 7 + ["GT:DP", "GT:DP", "DP:GT", "PGT:GT"]) if kind != "x" else "GT"
    cells = [_with_keys(rng, cell, keys) for cell in cells]
    return "\t".join([name, str(position), "v", *pair, ".", filters, ".", keys, *cells])


def _cell(rng: Random, oddness: float, low: bool, kind: str) -> str:
    if low and rng.random() < 0.5:
        return "./."
    if rng.random() >= oddness:
        return rng.choice(PLAIN)
    return rng.choice(["./.", "./1", "0/.", "1", "0", "."] if kind == "x" else ODD)


def _with_keys(rng: Random, cell: str, keys: str) -> str:
    if keys == "GT":
        return cell
    if keys == "GT:DP":
        return rng.choice([cell, f"{cell}:10", f"{cell}:."])
    return rng.choice([f"3:{cell}", f".:{cell}", "7", f"1:{cell}:2"])


def _damaged(rng: Random, lines: list[str], name: str) -> list[str]:
    if rng.random() < 0.6 or not lines:
        return lines
    at = rng.randrange(len(lines))
    columns = lines[at].split("\t")
    changes = {
        "short": columns[: rng.choice([2, 3, 7, 8, 9, 10])],
        "one less": columns[:-1],
        "one more": [*columns, "0/1"],
        "empty last": [*columns, ""],
        "last empty": [*columns[:-1], ""],
        "position": [columns[0], rng.choice(["abc", "12e5", "+7", "", "3000000000"]), *columns[2:]],
        "format": [*columns[:8], rng.choice(["DP", "gt", "XGTX", "A:B:GTX"]), *columns[9:]],
        "chromosome": [rng.choice(["21", f"chr{name}", "20", "chr20"]), *columns[1:]],
        "same": [*columns[:4], columns[3], *columns[5:]],
        "filter": [*columns[:6], rng.choice(["", "0", "a;DUP"]), *columns[7:]],
        "comment": ["#note"],
        "names": ["#CHROM", "A", "A"],
        "blank": [""],
        "blanks": ["  "],
    }
    changed = "\t".join(changes[rng.choice(list(changes))])
    return [*lines[:at], changed, *lines[at + rng.choice([0, 1]) :]]
