"""The definition of workflows, their graph and their runner.

May import services, genotypes, imputation, results and store.
"""
