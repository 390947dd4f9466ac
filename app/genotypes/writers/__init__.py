"""Genotypes written in the formats that services and programs take, one module a format.

May import genotypes and domain. Every file gets its name only when all of it is on disk.
"""
