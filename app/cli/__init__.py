"""The command line (Typer): the same operations as the window, for scripts, clusters and tests.

May import operations and everything below; never Qt.
"""
