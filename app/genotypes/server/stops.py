"""How a step of the server ends early."""


class ServerStop(Exception):
    """The step stops with a message, exactly as the server words it."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
