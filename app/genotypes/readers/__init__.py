"""Genotypes in whatever format people have, read as batches of rows: one module a format.

May import genotypes and domain; libraries with C inside only in functions. A new format is a module here
and a line in `opening.py`.
"""
