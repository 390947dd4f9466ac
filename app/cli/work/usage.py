"""A command line that cannot be meant."""


class WrongUsageError(ValueError):
    """What was asked for cannot be; the sentence says what can."""
