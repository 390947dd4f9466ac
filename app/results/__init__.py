"""Result archives, integrity, quality figures and accuracy.

May import genotypes and domain.
"""
