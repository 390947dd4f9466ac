"""Any number of results of one cohort side by side: accuracy, coverage and agreement.

May import app.results.doses, app.results.merging, app.results.accuracy, genotypes and domain.
"""
