"""Reading and writing genotype files, checks as pure functions, the process that runs them.

May import domain only; cyvcf2 only inside functions.
"""
