"""Site lists of reference panels: reading them from any source, keeping them sorted on disk, matching sites.

May import domain and the modules of genotypes that lie below it (bgzf, builds, rows, site_table, texts).
"""
