"""Notices outside the window: the desktop now, mail and web hooks later.

May import transport and domain.
"""
