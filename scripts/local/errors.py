"""The one error of set-up: its message is a plain line for the person at the terminal."""


class SetupError(Exception):
    """Something on this machine is missing or in the way; the message says what to do."""
