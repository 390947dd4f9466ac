"""One file per thing a user can do; the window, the command line and tests call these.

May import everything below; never Qt, never a view.
"""
