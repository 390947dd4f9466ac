"""A Cloudgene-compatible server on loopback and invented cohorts: first run, training, tests.

May import operations and everything below; never Qt.
"""
