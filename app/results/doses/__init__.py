"""Imputed files as arrays: one fast reader and one writer, for figures, comparison, merging and conversion.

May import genotypes and domain.
"""
