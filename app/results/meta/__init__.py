"""Meta-imputation: several results of one cohort joined into one that is better than each of them.

May import app.results.doses, app.results.merging, genotypes and domain.
"""
