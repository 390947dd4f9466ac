"""Phasing and imputation engines behind one contract.

May import genotypes and domain.
"""
