"""Hides some typed sites of a cohort, so that services can be judged by how well they impute them.

May import app.results.truth, app.results.figures, genotypes and domain; never operations or the window.
"""
