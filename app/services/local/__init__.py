"""This computer as a service: a queue of jobs in a folder, and panels that the user added.

May import what services may. Who imputes is above: a runner of `operations` works on the same folder.
"""

from app.services.local.client import ADDRESS, Local
from app.services.local.host import FoundEngine, Host

__all__ = ["ADDRESS", "FoundEngine", "Host", "Local"]
