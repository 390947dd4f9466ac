"""What the commands do: operations called, answers put into shape. Imported only when a command runs.

May import operations and everything below; never Qt.
"""
