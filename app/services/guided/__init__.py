"""Services that are only a web page: files are prepared and steps shown, and the person tells how it goes.

May import transport, genotypes and domain; no other family.
"""

from app.services.guided.client import Guided
from app.services.guided.host import Host

__all__ = ["Guided", "Host"]
