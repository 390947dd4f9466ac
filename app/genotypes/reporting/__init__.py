"""What the report of a dataset is made of: facts with small numbers hidden, drawings, the page.

May import domain, `builds` and `figures`; the entrance is `genotypes/report.py`.
"""
