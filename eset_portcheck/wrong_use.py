"""What a caller is told instead of a report: the public exceptions, and the way in for what is wrong before anything is
sent."""


class PortcheckError(Exception):
    """Base of all that this package raises on purpose. `lines`: one for each fault, with its place."""

    def __init__(self, *lines: str) -> None:
        super().__init__("; ".join(lines))
        self.lines = list(lines)


class WrongUse(PortcheckError):
    """Arguments, a profile, a site value or a file that cannot be used. Nothing was sent. On the command line: exit
    2."""
