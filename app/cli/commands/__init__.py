"""The commands with their arguments and options, nothing else: importing them must take no time.

May import typer and `app.cli`; what a command does stands in `app.cli.work` and is imported inside.
"""
