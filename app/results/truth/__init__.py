"""Results against a truth: genotypes of the same people that are known otherwise, in any format that is read.

May import app.results.doses, app.results.figures, genotypes and domain; never operations or the window.
"""
