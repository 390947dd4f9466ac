"""Part of the window; see app/ui/__init__.py."""
