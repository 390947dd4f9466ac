"""The Michigan family (Cloudgene 2 and 3). Contract: services/contract.py.

May import transport and domain; no other family.
"""

from app.services.cloudgene.client import Cloudgene

__all__ = ["Cloudgene"]
