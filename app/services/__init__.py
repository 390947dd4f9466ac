"""Service families behind one contract, the registry that finds them and the catalogue of presets.

May import transport, genotypes and domain; families do not know one another.
"""
