from typing_extensions import Buffer

Field = tuple[int, int, int, bytes]

def record(
    shared: Buffer, own: Buffer, roles: Buffer, samples: int, old: bool, /
) -> tuple[int, bytes, bytes, bytes, float, float, float, float, int, tuple[Field, ...]] | None: ...
