"""Imputed files of several results side by side, site by site; and batches of one cohort made one result.

May import app.results.doses, app.results.figures, genotypes and domain.
"""
