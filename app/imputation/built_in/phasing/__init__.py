"""Phasing of unphased targets: neighbours by positional BWT, two-chain walks over them, votes of many passes.

The walks are C where it was compiled and NumPy elsewhere (the same method). May import app.domain and the
model of app.imputation.built_in; knows no file.
"""
