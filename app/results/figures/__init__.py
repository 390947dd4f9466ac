"""The quality of a result, measured in one pass and kept: tables for plots, and the figures they give.

May import doses, other modules of results, genotypes and domain.
"""
