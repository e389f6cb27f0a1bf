"""What a peer may cost a full client: seconds in all and bytes in all; and what it was that ended such a client.

Full clients have time-outs of their own, but per read: a peer of one byte a second outlives them, and one that never
stops sending fills memory.
"""

import struct
import time

from eset_portcheck.model.stage_detail import StageDetail
from eset_portcheck.model.vocabulary import Failure

# A log-on and the first answer of a directory listing take some kilobytes.
LIMIT_BYTES = 2 * 1024 * 1024
MESSAGE_BYTES = 1024 * 1024


class Spent(Exception):
    """The time is over."""


class Flooded(Exception):
    """More came, or was announced, than any answer needs."""


class ClientFailed(Exception):
    """A full client came to no end: `cause` is the system's error or, in the words of stages, what the peer did.
    `facts`: how far it got."""

    def __init__(self, cause: OSError | Failure, facts: StageDetail) -> None:
        super().__init__(str(cause))
        self.cause = cause
        self.facts = facts


class Allowance:
    """Counts down; `renew` begins another step of the client."""

    def __init__(self, step_s: float, limit_bytes: int = LIMIT_BYTES) -> None:
        self._step_s = step_s
        self._left_bytes = limit_bytes
        self.received_bytes = 0
        self.renew()

    def renew(self, step_s: float | None = None) -> None:
        self._end = time.monotonic() + (self._step_s if step_s is None else step_s)

    def left_s(self) -> float:
        """Seconds until the end of this step; raises Spent."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise Spent
        return left

    def take(self, count: int) -> None:
        """Account for received bytes; raises Flooded, Spent."""
        self.received_bytes += count
        if self.received_bytes > self._left_bytes:
            raise Flooded
        self.left_s()


# What a parser that is fed with hostile bytes raises; a library's own tree comes on top of it.
_PARSER_ERRORS = (ValueError, LookupError, ArithmeticError, struct.error, TypeError, AttributeError, AssertionError)


def cause_of(
    error: BaseException, *, ended: tuple[type[BaseException], ...], wrong: tuple[type[BaseException], ...]
) -> OSError | Failure | None:
    """What the peer did, by the first error of the chain that tells; None when it was none of its doing. Never by an
    error's text.

    `ended` are the library's words for a connection that was closed, `wrong` those for bytes that it could not use.
    """
    one: BaseException | None = error
    while one is not None:
        if isinstance(one, Flooded):
            return Failure.TOO_LARGE
        if isinstance(one, (Spent, TimeoutError)):
            return Failure.TIMEOUT
        if isinstance(one, ended):
            return Failure.EOF
        if isinstance(one, OSError) and one.errno is not None:
            return one
        one = one.__cause__ or one.__context__
    return Failure.UNEXPECTED_BYTES if isinstance(error, (*wrong, *_PARSER_ERRORS)) else None
