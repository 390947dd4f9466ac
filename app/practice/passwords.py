"""The password that a server makes when none was sent (`cloudgene.md` 3.4)."""

from __future__ import annotations

import secrets
import string

_MARKS = "!@#%&*()_+[]{};:.<>?-="


def server_password() -> str:
    """14 characters: 5 upper, 5 lower, 2 digits, 2 marks, none twice within its class, shuffled."""
    random = secrets.SystemRandom()
    letters = [
        *random.sample(string.ascii_uppercase, 5),
        *random.sample(string.ascii_lowercase, 5),
        *random.sample(string.digits, 2),
        *random.sample(_MARKS, 2),
    ]
    random.shuffle(letters)
    return "".join(letters)
