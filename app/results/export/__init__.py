"""Results filtered and written for other programs: VCF, BCF, BGEN, PGEN, BED and tables, each read back.

May import results.doses, genotypes and domain.
"""
