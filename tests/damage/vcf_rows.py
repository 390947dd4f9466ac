"""Damages of single records of a VCF; several of them can be made in one file."""

from __future__ import annotations

from random import Random

from tests.damage.plan import Damage, Draft, Later, Row, at_line, at_place, named, of_file

FIRST_CELL = 9


def _set(column: int, text: str, code: str, *other: str) -> Damage:
    def damage(draft: Draft, draw: Random) -> Later:
        row = draft.pick(draw)
        row.fields[column] = text
        return at_place(code, row, *other)

    return damage


def _cell(text: str, code: str) -> Damage:
    def damage(draft: Draft, draw: Random) -> Later:
        row = draft.pick(draw)
        row.fields[draw.randrange(FIRST_CELL, len(row.fields))] = text
        return at_place(code, row)

    return damage


def _position(text: str) -> Damage:
    def damage(draft: Draft, draw: Random) -> Later:
        row = draft.pick(draw)
        row.fields[1] = text
        return at_line("line.position", row)

    return damage


def short_row(draft: Draft, draw: Random) -> Later:
    row = draft.pick(draw)
    del row.fields[-draw.randint(1, 3) :]
    return at_line("line.columns", row)


def long_row(draft: Draft, draw: Random) -> Later:
    row = draft.pick(draw)
    row.fields += ["0/0"] * draw.randint(1, 3)
    return at_line("line.columns", row)


def cut_row(draft: Draft, draw: Random) -> Later:
    """As where a disk was full in the middle of writing."""
    row = draft.pick(draw)
    row.raw = row.text()[: draw.randint(5, 20)]
    return at_line("line.columns", row)


def joined_rows(draft: Draft, draw: Random) -> Later:
    row = draft.pick(draw)
    at = draft.rows.index(row)
    row.raw = row.text() + draft.rows.pop(at + 1).text()
    return at_line("line.columns", row)


def blanks_for_tabs(draft: Draft, draw: Random) -> Later:
    row = draft.pick(draw)
    row.raw = row.text().replace("\t", " ")
    return at_line("line.blanks", row)


def empty_line(draft: Draft, draw: Random) -> Later:
    row = draft.pick(draw)
    gap = Row([], "")
    draft.rows.insert(draft.rows.index(row), gap)
    return at_line("line.blank_line", gap)


def second_header(draft: Draft, draw: Random) -> Later:
    row = draft.pick(draw)
    again = Row([], draft.header[-1])
    draft.rows.insert(draft.rows.index(row), again)
    return at_line("line.second_header", again)


def position_zero(draft: Draft, draw: Random) -> Later:
    row = draft.pick(draw)
    row.fields[1] = "0"
    return at_place("position.zero", row)


def position_beyond_end(draft: Draft, draw: Random) -> Later:
    row = draft.pick(draw)
    row.fields[1] = str(draw.randint(260_000_000, 900_000_000))
    return at_place("position.beyond_end", row)


def position_too_large(draft: Draft, draw: Random) -> Later:
    row = draft.pick(draw)
    row.fields[1] = str(draw.randint(2**31, 2**33))
    return at_place("position.too_large", row)


def out_of_order(draft: Draft, draw: Random) -> Later:
    """A record stands before an earlier one."""
    row = draft.pick(draw)
    at = draft.rows.index(row)
    later = draft.rows[at + 1]
    draft.rows[at], draft.rows[at + 1] = later, row
    return at_place("order.unsorted", row)


def unknown_chromosome(draft: Draft, draw: Random) -> Later:
    row = draft.pick(draw)
    row.fields[0] = draw.choice(["GL000192.1", "un", "chr22_KI270733v1_random", "HLA-A", "99"])
    return named("chromosome.unknown", row.fields[0])


def same_alleles(draft: Draft, draw: Random) -> Later:
    row = draft.pick(draw)
    row.fields[4] = row.fields[3]
    return at_place("allele.same", row)


def lower_case(draft: Draft, draw: Random) -> Later:
    row = draft.pick(draw)
    row.fields[3], row.fields[4] = row.fields[3].lower(), row.fields[4].lower()
    return at_place("allele.lower_case", row)


def multiallelic(draft: Draft, draw: Random) -> Later:
    row = draft.pick(draw)
    third = next(letter for letter in "ACGT" if letter not in row.fields[3:5])
    row.fields[4] += "," + third
    return at_place("allele.multiallelic", row)


def indel(draft: Draft, draw: Random) -> Later:
    row = draft.pick(draw)
    row.fields[4] = row.fields[3] + "AT"
    return at_place("allele.indel", row)


def duplicate(draft: Draft, draw: Random) -> Later:
    row = draft.pick(draw)
    draft.rows.insert(draft.rows.index(row), Row(list(row.fields)))
    return at_place("site.duplicate", row)


def exchanged_duplicate(draft: Draft, draw: Random) -> Later:
    row = draft.pick(draw)
    other = Row(list(row.fields))
    other.fields[3], other.fields[4] = row.fields[4], row.fields[3]
    draft.rows.insert(draft.rows.index(row) + 1, other)
    return at_place("site.same_position", row)


def hardly_called(draft: Draft, draw: Random) -> Later:
    row = draft.pick(draw)
    half = (len(row.fields) - FIRST_CELL) // 2
    row.fields[FIRST_CELL : FIRST_CELL + half] = ["./."] * half
    return at_place("site.call_rate", row)


def monomorphic(draft: Draft, draw: Random) -> Later:
    row = draft.pick(draw)
    row.fields[FIRST_CELL:] = ["0/0"] * (len(row.fields) - FIRST_CELL)
    return at_place("site.monomorphic", row)


def no_gt(draft: Draft, draw: Random) -> Later:
    row = draft.pick(draw)
    row.fields[8:] = ["DS", *["0.98"] * (len(row.fields) - FIRST_CELL)]
    return at_place("genotype.missing", row)


def gt_not_first(draft: Draft, draw: Random) -> Later:
    row = draft.pick(draw)
    row.fields[8] = "DP:GT"
    row.fields[FIRST_CELL:] = [f"12:{cell}" for cell in row.fields[FIRST_CELL:]]
    return at_place("genotype.not_first", row)


def dosages(draft: Draft, draw: Random) -> Later:
    row = draft.pick(draw)
    row.fields[8] = "GT:DS"
    row.fields[FIRST_CELL:] = [f"{cell}:0.5" for cell in row.fields[FIRST_CELL:]]
    return of_file("content.imputed")


def phased_here(draft: Draft, draw: Random) -> Later:
    row = draft.pick(draw)
    row.fields[FIRST_CELL:] = [cell.replace("/", "|") for cell in row.fields[FIRST_CELL:]]
    return at_place("genotype.mixed_phase", row)


ROW_DAMAGES: dict[str, Damage] = {
    "short row": short_row,
    "long row": long_row,
    "cut row": cut_row,
    "joined rows": joined_rows,
    "blanks for tabs": blanks_for_tabs,
    "empty line": empty_line,
    "second header": second_header,
    "negative position": _position("-5"),
    "position in scientific form": _position("1.7e7"),
    "position of words": _position("unknown"),
    "position with commas": _position("17,055,569"),
    "position zero": position_zero,
    "position beyond the end": position_beyond_end,
    "position of more than 32 bits": position_too_large,
    "out of order": out_of_order,
    "unknown chromosome": unknown_chromosome,
    "REF is ALT": same_alleles,
    "lower case": lower_case,
    "several ALT": multiallelic,
    "indel": indel,
    "symbolic ALT": _set(4, "<DEL>", "allele.symbolic"),
    "spanning deletion": _set(4, "*", "allele.symbolic"),
    "breakend": _set(4, "G]17:198982]", "allele.symbolic"),
    "N for REF": _set(3, "N", "allele.invalid"),
    "zero for ALT": _set(4, "0", "allele.invalid"),
    "D for ALT": _set(4, "D", "allele.invalid"),
    "dash for ALT": _set(4, "-", "allele.invalid"),
    "failed filter": _set(6, "LowQual", "site.filtered"),
    "duplicate": duplicate,
    "duplicate with alleles exchanged": exchanged_duplicate,
    "hardly called": hardly_called,
    "monomorphic": monomorphic,
    "no GT": no_gt,
    "GT not first": gt_not_first,
    "dosages": dosages,
    "one row phased": phased_here,
    "allele number too large": _cell("0/7", "genotype.allele_index"),
    "letters for genotypes": _cell("A/G", "genotype.invalid"),
    "genotype cut off": _cell("0/", "genotype.invalid"),
    "half call": _cell("./1", "genotype.half_call"),
    "one allele on an autosome": _cell("1", "genotype.haploid"),
}
