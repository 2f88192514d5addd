"""What can go wrong with the virtual board itself (what goes wrong on it is on its console)."""


class BoardError(Exception):
    """The board cannot do what was asked; the text is one line for the user."""
