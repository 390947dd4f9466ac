"""One file a version of the database, `0001_what.py`, written by hand.

They never import today's tables or models: what they build is what that version had. They may import
alembic and SQLAlchemy only. Alembic reads them as files, so a frozen program carries this folder as data.
"""
