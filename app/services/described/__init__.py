"""Services that a YAML file describes, without code. Contract: services/contract.py.

May import transport and domain; no other family.
"""

from app.services.described.client import Described

__all__ = ["Described"]
