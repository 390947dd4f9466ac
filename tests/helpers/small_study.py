"""Small studies with real positions, made in code, and written in every format that the program reads.

People are drawn independently in Hardy-Weinberg proportions at known sites, so that the build is certain
and no check has a reason to complain.
"""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.genotypes.builds import length
from app.genotypes.known_sites import SITE_CHROMOSOMES, known_sites

Files = dict[str, bytes]
MISSING = 3
_LETTERS = "ACGT"
_COMPLEMENT = str.maketrans("ACGT", "TGCA")
_NON_PAR = {"GRCh37": (2_699_520, 154_931_044), "GRCh38": (2_781_479, 155_701_383)}


@dataclass(frozen=True)
class Site:
    """One variant; `chromosome` as it is written."""

    chromosome: str
    position: int
    id: str
    ref: str
    alt: str


@dataclass(frozen=True)
class Study:
    """`calls` [sites, samples] are copies of ALT or MISSING; `phase` is where a het is `1|0`."""

    samples: tuple[str, ...]
    men: tuple[bool, ...]
    sites: tuple[Site, ...]
    calls: NDArray[np.uint8]
    phase: NDArray[np.bool_]
    build: str
    phased: bool = False

    def only(self, people: slice) -> Study:
        """Some of the people."""
        calls, phase = self.calls[:, people], self.phase[:, people]
        return replace(self, samples=self.samples[people], men=self.men[people], calls=calls, phase=phase)

    def letters(self, site: int, person: int) -> str:
        """`AG` of a person at a site, `--` for no call."""
        here = self.sites[site]
        return ("--", here.ref * 2, here.ref + here.alt, here.alt * 2)[
            (int(self.calls[site, person]) + 1) % 4
        ]

    def is_haploid(self, site: int, person: int) -> bool:
        """Whether a man has one copy there."""
        here = self.sites[site]
        if here.chromosome.removeprefix("chr") not in ("X", "23") or not self.men[person]:
            return False
        low, high = _NON_PAR[self.build]
        return low <= here.position <= high


def make_study(
    seed: int,
    *,
    chromosomes: tuple[str, ...] = ("22",),
    samples: int = 24,
    sites: int = 120,
    build: str = "GRCh38",
    phased: bool = False,
    prefix: str | None = None,
    missing: float = 0.01,
) -> Study:
    """A study of people called S001 …, with `sites` sites a chromosome in the order of their positions."""
    draw = np.random.default_rng(seed)
    said = ("chr" if build == "GRCh38" else "") if prefix is None else prefix
    places = [site for chromosome in chromosomes for site in _places(draw, chromosome, sites, build, said)]
    men = tuple(bool(person % 2) for person in range(samples))
    frequency = draw.uniform(0.15, 0.5, len(places))[:, None]
    shape = (len(places), samples)
    first, second = draw.random(shape) < frequency, draw.random(shape) < frequency
    calls = first.astype(np.uint8) + second
    study = Study(
        tuple(f"S{n + 1:03}" for n in range(samples)), men, tuple(places), calls, first, build, phased
    )
    for site in range(len(places)):
        for person in range(samples):
            if study.is_haploid(site, person):
                calls[site, person] = 2 * first[site, person]
    calls[draw.random(shape) < missing] = MISSING
    calls[:, 0] = np.where(calls[:, 0] == MISSING, 0, calls[:, 0])
    return study


def _places(draw: np.random.Generator, chromosome: str, count: int, build: str, prefix: str) -> list[Site]:
    table = known_sites()
    number = SITE_CHROMOSOMES.index(chromosome)
    usable = (table.chromosome == number) & (table.code < 16) & (table.position[build] > 0)
    ref, alt = table.code >> 2, table.code & 3
    usable &= (ref != alt) & (ref ^ alt != 3)  # no palindromic pairs
    if not usable.any():  # of X the table has positions only
        usable = (table.chromosome == number) & (table.position[build] > 0)
        ref, alt = np.where(usable, np.arange(len(table)) & 1, 0), np.full(len(table), 2)
    rows = np.flatnonzero(usable)
    _, first = np.unique(table.position[build][rows], return_index=True)
    rows = rows[first]
    chosen = rows[np.sort(draw.choice(len(rows), min(count, len(rows)), replace=False))]
    return [
        Site(
            prefix + chromosome,
            int(table.position[build][row]),
            f"rs{1000 + int(row)}",
            _LETTERS[ref[row]],
            _LETTERS[alt[row]],
        )
        for row in chosen
    ]


# VCF and BCF


def vcf_header(study: Study) -> str:
    """The lines above the records."""
    names = dict.fromkeys(site.chromosome for site in study.sites)
    lines = ["##fileformat=VCFv4.2", '##FILTER=<ID=PASS,Description="All filters passed">']
    for name in names:
        lines.append(f"##contig=<ID={name},length={length(study.build, name.removeprefix('chr'))}>")
    lines.append('##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">')
    fixed = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT"]
    return "\n".join([*lines, "\t".join([*fixed, *study.samples])]) + "\n"


def genotype(study: Study, site: int, person: int) -> str:
    """`0/1` as a VCF writes it."""
    call = int(study.calls[site, person])
    if study.is_haploid(site, person):
        return "." if call == MISSING else str(call // 2)
    bar = "|" if study.phased else "/"
    if call == 1 and study.phased and study.phase[site, person]:
        return "1|0"
    return ("0/0", "0/1", "1/1", "./.")[call].replace("/", bar)


def vcf_text(study: Study) -> str:
    """A whole VCF."""
    rows = []
    for number, site in enumerate(study.sites):
        cells = [genotype(study, number, person) for person in range(len(study.samples))]
        fixed = [site.chromosome, str(site.position), site.id, site.ref, site.alt, ".", "PASS", ".", "GT"]
        rows.append("\t".join([*fixed, *cells]))
    return vcf_header(study) + "\n".join(rows) + "\n"


def bgzf(data: bytes, block: int = 0xFF00) -> bytes:
    """Blocked gzip with its end marker."""
    out = bytearray()
    for start in [*range(0, len(data), block), None]:
        piece = b"" if start is None else data[start : start + block]
        packer = zlib.compressobj(6, zlib.DEFLATED, -15)
        packed = packer.compress(piece) + packer.flush()
        out += b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\x06\0BC\x02\0" + struct.pack("<H", len(packed) + 25)
        out += packed + struct.pack("<II", zlib.crc32(piece), len(piece))
    return bytes(out)


def vcf(study: Study) -> Files:
    return {"study.vcf": vcf_text(study).encode()}


def vcf_gz(study: Study) -> Files:
    return {"study.vcf.gz": bgzf(vcf_text(study).encode(), 4000)}


def bcf(study: Study) -> Files:
    text = vcf_header(study).encode() + b"\0"
    names = list(dict.fromkeys(site.chromosome for site in study.sites))
    out = bytearray(b"BCF\x02\x02" + struct.pack("<I", len(text)) + text)
    for number, site in enumerate(study.sites):
        shared = struct.pack("<iii", names.index(site.chromosome), site.position - 1, len(site.ref))
        shared += struct.pack("<III", 0x7F800001, 2 << 16, 1 << 24 | len(study.samples))
        shared += b"".join(_typed(word) for word in (site.id, site.ref, site.alt)) + b"\x11\x00"
        cells = b"".join(_bcf_call(study, number, person) for person in range(len(study.samples)))
        each = b"\x11\x01\x21" + cells
        out += struct.pack("<II", len(shared), len(each)) + shared + each
    return {"study.bcf": bgzf(bytes(out))}


def _typed(text: str) -> bytes:
    raw = text.encode()
    return (bytes([len(raw) << 4 | 7]) if len(raw) < 15 else b"\xf7\x11" + bytes([len(raw)])) + raw


def _bcf_call(study: Study, site: int, person: int) -> bytes:
    words = genotype(study, site, person).replace("|", "/").split("/")
    numbers = [0 if word == "." else int(word) + 1 << 1 for word in words]
    if study.phased and len(numbers) == 2:
        numbers[1] |= 1
    return bytes(numbers) if len(numbers) == 2 else bytes([numbers[0], 0x81])


# PLINK 1 and 2


def _fam(study: Study, split: str = " ") -> str:
    rows = (
        split.join([f"F{name}", name, "0", "0", "1" if man else "2", "-9"])
        for name, man in zip(study.samples, study.men, strict=True)
    )
    return "\n".join(rows) + "\n"


def _packed(study: Study, table: tuple[int, int, int, int]) -> bytes:
    codes = np.array(table, np.uint8)[study.calls]
    padded = np.zeros((len(codes), -(-codes.shape[1] // 4) * 4), np.uint8)
    padded[:, : codes.shape[1]] = codes
    four = padded.reshape(len(codes), -1, 4)
    return (four[:, :, 0] | four[:, :, 1] << 2 | four[:, :, 2] << 4 | four[:, :, 3] << 6).tobytes()


def bed(study: Study) -> Files:
    rows = (f"{s.chromosome}\t{s.id}\t0\t{s.position}\t{s.alt}\t{s.ref}" for s in study.sites)
    return {
        "study.bed": b"\x6c\x1b\x01" + _packed(study, (3, 2, 0, 1)),
        "study.bim": ("\n".join(rows) + "\n").encode(),
        "study.fam": _fam(study).encode(),
    }


def pgen(study: Study) -> Files:
    rows = [f"{s.chromosome}\t{s.position}\t{s.id}\t{s.ref}\t{s.alt}" for s in study.sites]
    people = [f"{name}\t{'1' if man else '2'}" for name, man in zip(study.samples, study.men, strict=True)]
    head = b"\x6c\x1b\x02" + struct.pack("<IIB", len(study.sites), len(study.samples), 0x40)
    return {
        "study.pgen": head + _packed(study, (0, 1, 2, 3)),
        "study.pvar": "\n".join(["#CHROM\tPOS\tID\tREF\tALT", *rows, ""]).encode(),
        "study.psam": "\n".join(["#IID\tSEX", *people, ""]).encode(),
    }


def ped(study: Study) -> Files:
    sites = range(len(study.sites))
    heads = _fam(study).splitlines()
    rows = (
        " ".join([heads[p], *(" ".join(study.letters(s, p).replace("-", "0")) for s in sites)])
        for p in range(len(study.samples))
    )
    places = (f"{s.chromosome}\t{s.id}\t0\t{s.position}" for s in study.sites)
    return {
        "study.ped": ("\n".join(rows) + "\n").encode(),
        "study.map": ("\n".join(places) + "\n").encode(),
    }


def tped(study: Study) -> Files:
    people = range(len(study.samples))
    rows = (
        " ".join(
            [s.chromosome, s.id, "0", str(s.position)]
            + [" ".join(study.letters(n, p).replace("-", "0")) for p in people]
        )
        for n, s in enumerate(study.sites)
    )
    return {"study.tped": ("\n".join(rows) + "\n").encode(), "study.tfam": _fam(study).encode()}


# Oxford


def _sample_file(study: Study) -> bytes:
    rows = [f"{n} {n} 0 {'1' if man else '2'}" for n, man in zip(study.samples, study.men, strict=True)]
    return "\n".join(["ID_1 ID_2 missing sex", "0 0 0 D", *rows, ""]).encode()


def gen(study: Study) -> Files:
    words = ("1 0 0", "0 1 0", "0 0 1", "0 0 0")
    rows = (
        f"{s.chromosome} {s.id} {s.position} {s.ref} {s.alt} " + " ".join(words[c] for c in study.calls[n])
        for n, s in enumerate(study.sites)
    )
    return {"study.gen": ("\n".join(rows) + "\n").encode(), "study.sample": _sample_file(study)}


def haps(study: Study) -> Files:
    rows = []
    for n, s in enumerate(study.sites):
        cells = []
        for p, call in enumerate(study.calls[n]):
            het = "1 0" if study.phase[n, p] else "0 1"
            cells.append(("0 0", het, "1 1", "0 0")[call])  # the format knows no missing call
        rows.append(" ".join([s.chromosome, s.id, str(s.position), s.ref, s.alt, *cells]))
    return {"study.haps": ("\n".join(rows) + "\n").encode(), "study.sample": _sample_file(study)}


def bgen_of(layout: int, packing: int) -> Callable[[Study], Files]:
    """Layout 1 (BGEN 1.1) or 2 (1.2 and 1.3); packing 0 none, 1 zlib, 2 Zstandard."""

    def bgen(study: Study) -> Files:
        people, flags = len(study.samples), packing | layout << 2 | 1 << 31
        names = b"".join(struct.pack("<H", len(n)) + n.encode() for n in study.samples)
        block = struct.pack("<II", len(names) + 8, people) + names
        head = struct.pack("<III4sI", 20, len(study.sites), people, b"bgen", flags)
        out = bytearray(struct.pack("<I", len(head) + len(block)) + head + block)
        for number in range(len(study.sites)):
            out += _bgen_variant(study, number, layout, packing)
        return {"study.bgen": bytes(out), "study.sample": _sample_file(study)}

    return bgen


def _bgen_variant(study: Study, number: int, layout: int, packing: int) -> bytes:
    site, people = study.sites[number], len(study.samples)
    out = struct.pack("<I", people) if layout == 1 else b""
    for word in (site.id, site.id, site.chromosome):
        out += struct.pack("<H", len(word)) + word.encode()
    out += struct.pack("<I", site.position) + (struct.pack("<H", 2) if layout == 2 else b"")
    for word in (site.ref, site.alt):
        out += struct.pack("<I", len(word)) + word.encode()
    body = _bgen_1(study, number) if layout == 1 else _bgen_2(study, number)
    packed = body if packing == 0 else zlib.compress(body) if packing == 1 else _zstd(body)
    if layout == 1:
        return out + (packed if packing == 0 else struct.pack("<I", len(packed)) + packed)
    extra = struct.pack("<I", len(body)) if packing else b""
    return out + struct.pack("<I", len(packed) + len(extra)) + extra + packed


def _bgen_1(study: Study, number: int) -> bytes:
    table = np.array([[32768, 0, 0], [0, 32768, 0], [0, 0, 32768], [0, 0, 0]], "<u2")
    return table[study.calls[number]].tobytes()


def _bgen_2(study: Study, number: int) -> bytes:
    calls = study.calls[number]
    ploidy = np.where(calls == MISSING, 0x82, 2).astype(np.uint8)
    table = np.array([[255, 0], [0, 255], [0, 0], [0, 0]], np.uint8)
    return struct.pack("<IHBB", len(calls), 2, 2, 2) + ploidy.tobytes() + b"\0\x08" + table[calls].tobytes()


def _zstd(body: bytes) -> bytes:
    import zstandard

    return zstandard.ZstdCompressor().compress(body)


# Consumer tests: the first person of a study

CONSUMER_HEADS: Mapping[str, str] = {
    "23andme": (
        "# This data file generated by 23andMe at: Wed Jan 10 09:14:31 2024\r\n"
        "# We are using reference human assembly build {build}.\r\n# rsid\tchromosome\tposition\tgenotype\r\n"
    ),
    "ancestrydna": (
        "#AncestryDNA raw data download\r\n#human reference build {build}.1 coordinates, forward (+)\r\n"
        "rsid\tchromosome\tposition\tallele1\tallele2\r\n"
    ),
    "myheritage": (
        "##fileformat=MyHeritage\n##reference=build{build}\n# MyHeritage DNA raw data.\n"
        "RSID,CHROMOSOME,POSITION,RESULT\n"
    ),
    "ftdna": "RSID,CHROMOSOME,POSITION,RESULT\n",
    "livingdna": (
        "# Living DNA customer genotype data download file version: 1.0.1\n"
        "# Human Genome Reference Build {build} (GRCh{build}.p13).\n# rsid\tchromosome\tposition\tgenotype\n"
    ),
}


def consumer_text(study: Study, vendor: str, person: int = 0) -> str:
    """One person's raw data in a company's layout."""
    head = CONSUMER_HEADS[vendor].format(build=study.build[-2:])
    end = "\r\n" if "\r\n" in head else "\n"
    rows = []
    for number, site in enumerate(study.sites):
        pair = study.letters(number, person)
        if vendor == "ancestrydna":
            rows.append("\t".join([site.id, site.chromosome, str(site.position), *pair.replace("-", "0")]))
            continue
        if vendor == "23andme" and study.is_haploid(number, person):
            pair = pair[:1] if pair != "--" else pair
        words = [site.id, site.chromosome, str(site.position), pair]
        quoted = vendor in ("myheritage", "ftdna")
        rows.append(",".join(f'"{word}"' for word in words) if quoted else "\t".join(words))
    return head + end.join(rows) + end


def consumer_of(vendor: str, packing: str = "") -> Callable[[Study], Files]:
    """`packing` is empty, `gz` or `zip`."""

    def consumer(study: Study) -> Files:
        text = consumer_text(study, vendor).encode()
        if packing == "zip":
            return {"person.zip": zipped({"genome.txt": text})}
        return {"person.txt.gz": gzip.compress(text, mtime=0)} if packing else {"person.txt": text}

    return consumer


def zipped(members: Mapping[str, bytes]) -> bytes:
    """A ZIP archive."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name, (2024, 1, 10, 9, 0, 0)), data)
    return packed.getvalue()


# Final reports


def _report_head(study: Study) -> str:
    snps, people = len(study.sites), len(study.samples)
    return (
        "[Header]\r\nGSGT Version\t2.0.4\r\nContent\tGSA-24v3-0_A1.bpm\r\n"
        f"Num SNPs\t{snps}\r\nTotal SNPs\t{snps}\r\n"
        f"Num Samples\t{people}\r\nTotal Samples\t{people}\r\n[Data]\r\n"
    )


def final_report(study: Study) -> Files:
    names = "SNP Name\tSample ID\tAllele1 - Plus\tAllele2 - Plus\tChr\tPosition\tGC Score"
    rows = [
        "\t".join([s.id, name, *study.letters(n, p), s.chromosome, str(s.position), "0.85"])
        for p, name in enumerate(study.samples)
        for n, s in enumerate(study.sites)
    ]
    return {"report.txt": (_report_head(study) + "\r\n".join([names, *rows, ""])).encode()}


def matrix_report(study: Study) -> Files:
    rows = ["\t".join(["Name", "Chr", "Position", *study.samples])]
    for n, s in enumerate(study.sites):
        cells = [study.letters(n, p) for p in range(len(study.samples))]
        rows.append("\t".join([s.id, s.chromosome, str(s.position), *cells]))
    return {"matrix.txt": (_report_head(study) + "\r\n".join([*rows, ""])).encode()}


def manifest(study: Study) -> bytes:
    """The manifest of an array with these sites, every second one on the minus strand."""
    rows = []
    for number, s in enumerate(study.sites):
        minus = number % 2
        a, b = (s.ref + s.alt).translate(_COMPLEMENT) if minus else s.ref + s.alt
        strand = "TOP" if {a, b} in ({"A", "C"}, {"A", "G"}) else "BOT"
        words = [f"{s.id}_a", s.id, strand, f"[{a}/{b}]", study.build[-2:], s.chromosome, str(s.position)]
        rows.append(",".join([*words, strand, "-" if minus else "+"]))
    names = "IlmnID,Name,IlmnStrand,SNP,GenomeBuild,Chr,MapInfo,SourceStrand,RefStrand"
    return "\n".join(["Illumina Inc.", "[Heading]", "[Assay]", names, *rows, "[Controls]", ""]).encode()


def ab_report(study: Study) -> Files:
    """Letters A and B with the manifest beside them."""
    names = "SNP Name\tSample ID\tAllele1 - AB\tAllele2 - AB\tGC Score"
    words = ("A\tA", "A\tB", "B\tB", "-\t-")
    rows = [
        "\t".join([s.id, name, words[study.calls[n, p]], "0.85"])
        for p, name in enumerate(study.samples)
        for n, s in enumerate(study.sites)
    ]
    text = _report_head(study) + "\r\n".join([names, *rows, ""])
    return {"report.txt": text.encode(), "manifest.csv": manifest(study)}


FORMATS: Mapping[str, Callable[[Study], Files]] = {
    "vcf": vcf,
    "vcf.gz": vcf_gz,
    "bcf": bcf,
    "bed": bed,
    "pgen": pgen,
    "ped": ped,
    "tped": tped,
    "gen": gen,
    "haps": haps,
    "bgen 1.1": bgen_of(1, 1),
    "bgen 1.2": bgen_of(2, 1),
    "bgen 1.2 plain": bgen_of(2, 0),
    "bgen 1.3": bgen_of(2, 2),
    "23andme": consumer_of("23andme"),
    "23andme zip": consumer_of("23andme", "zip"),
    "ancestrydna": consumer_of("ancestrydna"),
    "myheritage": consumer_of("myheritage"),
    "ftdna": consumer_of("ftdna", "gz"),
    "livingdna": consumer_of("livingdna"),
    "final report": final_report,
    "final report matrix": matrix_report,
    "final report AB": ab_report,
}
"""Each format's writer; the first file of the answer is the one with the genotypes."""
