"""GA4GH Workflow Execution Service 1.0 and 1.1, as its servers really are. Contract: services/contract.py.

May import transport and domain; no other family.
"""

from app.services.wes.client import Wes

__all__ = ["Wes"]
