"""Damaged variants of good files of every format, each with the findings that it must bring and their places.

`generate.damaged()` and `generate.good()` make them in code; nothing is stored.
"""
