"""A file that is damaged although the archive around it is whole."""

from __future__ import annotations


class ContentFault(Exception):
    """What is wrong inside a file, as the end of a sentence; fetching it again would bring the same."""
