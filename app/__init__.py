"""Haplodesk, the desktop program for federated genotype imputation."""

__version__ = "0.1.0"
