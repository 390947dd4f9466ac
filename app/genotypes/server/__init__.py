"""The rules by which Cloudgene imputation servers judge an upload, step by step as they run them.

May import genotypes and domain. Source of every rule: `cloudgene.md` 7, corrected by 7.12.
"""
