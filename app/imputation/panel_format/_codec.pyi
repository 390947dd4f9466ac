def pack(*args: object) -> int: ...
def unpack(*args: object) -> bool: ...
def rows(
    text: bytes,
    at: int,
    ploidy: object,
    size: int,
    most: int,
    alleles: object,
    fields: object,
    kinds: object,
    /,
) -> tuple[int, int]: ...
