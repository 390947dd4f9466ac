"""The database, its migrations, queries, backup, settings, secrets and logs.

Hands out domain models, never rows of SQLAlchemy; may import domain only.
"""
