"""The packed panel: one file, read through a map of memory, written once as a stream.

Parts: `layout` (bytes of the file), `site_columns` and `codec` (a block), `writer`, `reader`, `building`.
May import app.domain, app.genotypes, and the stretches of app.imputation.built_in.
"""
