"""What genotypes say about the people: sex, heterozygosity, kinship, ancestry. Works on packed cohorts.

May import genotypes (not its checks) and domain. Nothing here leaves the machine or names a person in a log.
"""
