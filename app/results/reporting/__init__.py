"""The report of a result: its content once, and the page, the PDF pages and the texts made of it.

May import figures of results, `genotypes` and `domain`; no Qt, no library for PDF.
"""
