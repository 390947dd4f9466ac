"""One pass over an imputed file on its way to the disk: checked, counted and indexed while it is written.

May import results.doses, genotypes and domain.
"""
