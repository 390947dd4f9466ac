"""The built-in engine: haplotypes of a panel in memory, the Li-Stephens kernels, and phasing.

May import app.domain, app.genotypes and the genetic map of app.imputation; knows no file of a job.
"""
