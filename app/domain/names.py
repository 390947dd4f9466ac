"""Made-up names: ids of our own, job names a server will not change, passwords."""

import re
import secrets
import string

_ID_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
PASSWORD_LETTERS = string.ascii_letters + string.digits + "_.-"
PASSWORD_LENGTH = 24


def new_id(prefix: str) -> str:
    """An id such as `job-7k2mfq9x3tzd`: unique, readable, without look-alike letters."""
    return prefix + "-" + "".join(secrets.choice(_ID_LETTERS) for _ in range(12))


def remote_job_name(name: str, job_id: str) -> str:
    """The job name sent to a server: the user's name made safe, and our id, by which it is found again.

    Servers escape HTML and may trim names, so only letters, digits, dot, dash and underscore stay.
    """
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "job"
    return f"{safe[:60]}.{job_id.rpartition('-')[2]}"


def safe_password(word: str) -> bool:
    """Whether a password survives HTML, YAML and a shell on a server. Source: `cloudgene.md` 3.4."""
    fits = re.fullmatch(r"[A-Za-z0-9_.][A-Za-z0-9_.-]{11,39}", word) is not None
    return fits and any(c.isalpha() for c in word)


def new_password() -> str:
    """A password for result archives: 24 characters that survive HTML, YAML and a shell.

    Source: `cloudgene.md` 3.4. It has at least one letter and a digit and starts with a letter.
    """
    while True:
        rest = "".join(secrets.choice(PASSWORD_LETTERS) for _ in range(PASSWORD_LENGTH - 1))
        word = secrets.choice(string.ascii_letters) + rest
        if any(c.isdigit() for c in word) and word[-1] not in "_.-":
            return word
