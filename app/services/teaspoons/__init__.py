"""Terra's scientific pipelines (“Teaspoons”, All of Us + AnVIL). Contract: services/contract.py.

May import transport and domain, and what all families share in services; no other family.
"""

from app.services.teaspoons.client import Teaspoons

__all__ = ["Teaspoons"]
