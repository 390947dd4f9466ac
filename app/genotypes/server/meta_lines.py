"""Which header lines above the columns the server's library refuses; found by trials with the program.

INFO and FORMAT lines need ID, Number, Type and Description in this order, FILTER and ALT lines ID and
Description; contig lines need an ID.
"""

from __future__ import annotations

from collections.abc import Sequence

_COMPOUND = ("ID", "Number", "Type", "Description")
_SIMPLE = ("ID", "Description")
_LATER = ("Source", "Version")
_TYPES = ("Integer", "Float", "String", "Character", "Flag")
_COUNTS = ("A", "R", "G", ".")


class MetaFault(Exception):
    """What the library says; `header` texts come with “malformed header”."""

    def __init__(self, what: str, header: bool = True) -> None:
        super().__init__(what)
        self.what = what
        self.header = header


def check_meta(line: str, recent: bool) -> None:
    """Raise MetaFault for a line that is refused. `recent`: the file says VCF 4.2 or later."""
    key, equals, value = line[2:].partition("=")
    if not equals:
        return
    if key in ("INFO", "FORMAT"):
        _check_compound(key, value, recent)
    elif key in ("FILTER", "ALT"):
        _name_must_be_there(key, _tags(value, _SIMPLE, ()))
    elif key == "contig":
        _name_must_be_there(key, _tags(value, None, ()))


def _name_must_be_there(key: str, tags: dict[str, str]) -> None:
    if "ID" not in tags:
        raise MetaFault(f"Invalid VCFSimpleHeaderLine: key={key} name=null", header=False)


def _check_compound(key: str, value: str, recent: bool) -> None:
    tags = _tags(value, _COMPOUND, _LATER if recent else ())
    number = tags.get("Number")
    if number is None:
        what = 'Cannot invoke "String.equals(Object)" because "numberStr" is null'
        raise MetaFault(what, header=False)
    name, kind = tags.get("ID"), tags.get("Type")
    count = _count(number, name)
    if kind not in _TYPES:
        raise MetaFault(
            f"{'null' if kind is None else kind} is not a valid type in the VCF specification "
            "(note that types are case-sensitive)",
            header=False,
        )
    if kind == "Flag" and key == "FORMAT":
        raise MetaFault(f"Flag is an unsupported type for this kind of field at line - {value}", header=False)
    if kind != "Flag" and count == 0:
        raise MetaFault(
            "Invalid count number, with fixed count the number should be 1 or higher: "
            f"key={key} name={name} type={kind} desc={tags.get('Description')} lineType={key} count=0",
            header=False,
        )
    for sign, words in (("<", "angle brackets"), (">", "angle brackets"), ("=", "an equals sign")):
        if name is not None and sign in name:
            raise MetaFault(f"VCFHeaderLine: ID cannot contain {words}", header=False)


def _count(number: str, name: str | None) -> int | None:
    if number in _COUNTS:
        return None
    digits = number[1:] if number[:1] in ("-", "+") else number
    if not digits.isdecimal():
        raise MetaFault(f'For input string: "{number}"', header=False)
    if int(number) < 0:
        raise MetaFault(f"Count < 0 for fixed size VCF header field {name}")
    return int(number)


def _tags(value: str, expected: Sequence[str] | None, later: Sequence[str]) -> dict[str, str]:
    tags = _split(value)
    if expected is None:
        return tags
    if not tags:
        raise MetaFault(f"Header with no tags is not supported when there are expected tags in line {value}")
    for place, tag in enumerate(list(tags)[: len(expected)]):
        if tag == expected[place]:
            continue
        if tag in expected:
            raise MetaFault(
                f"Tag {tag} in wrong order (was #{place + 1}, expected #{expected.index(tag) + 1}) "
                f"in line {value}"
            )
        if tag in later:
            raise MetaFault(f"Recommended tag {tag} must be listed after all expected tags in line {value}")
        raise MetaFault(f"Unexpected tag {tag} in line {value}")
    return tags


def _split(value: str) -> dict[str, str]:
    """The `key=value` pairs between the brackets; the last one counts only when its bracket is closed."""
    tags: dict[str, str] = {}
    key, word, quoted, escaped = "", "", False, False
    for place, letter in enumerate(value):
        if quoted and escaped:
            word += letter if letter in '"\\' else "\\" + letter
            escaped = False
        elif letter == '"':
            quoted = not quoted
        elif quoted:
            escaped = letter == "\\"
            word += "" if escaped else letter
        elif letter in "<>":
            if place == len(value) - 1:
                tags[key] = word.strip()
        elif letter == "=":
            key, word = word.strip(), ""
        elif letter == ",":
            tags[key], word = word.strip(), ""
        else:
            word += letter
    if quoted:
        raise MetaFault(f"Unclosed quote in header line value {value}")
    return tags
