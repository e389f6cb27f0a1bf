"""Full clients during a run: ADMIN$ behind an SMB handshake, second opinions behind push and SSH rows. One log-on a target, one at a time."""

import asyncio
from contextlib import AbstractAsyncContextManager
from importlib import import_module
from typing import Any

from eset_portcheck.model.observation import Attempt, Evidence
from eset_portcheck.model.vocabulary import Failure
from eset_portcheck.net.dial import Dial
from eset_portcheck.net.failure import Broken
from eset_portcheck.sessions import INSTALL, Credentials, Missing, in_thread
from eset_portcheck.sessions.allowance import Broke

HOLD_S = 1.0  # a second client keeps its session that long
STEP = 0.9  # of a time-out: two steps of a full client end before the stage does, so that it can say how far it got
# After one of these another log-on with the same account only makes things worse.
STOP_AT = frozenset(
    {"STATUS_ACCOUNT_LOCKED_OUT", "STATUS_ACCOUNT_DISABLED", "STATUS_ACCOUNT_EXPIRED", "STATUS_PASSWORD_EXPIRED", "STATUS_PASSWORD_MUST_CHANGE"}
)


class DeepSessions:
    """The `Sessions` of net/dial. Log-ons take turns, so that a locked account is noticed before the next target is tried."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._lock = asyncio.Lock()
        self._tried: set[str] = set()
        self._stopped: str | None = None

    def turn(self) -> AbstractAsyncContextManager[Any]:
        return self._lock

    async def hold(self, dial: Dial) -> dict[str, Any]:
        from eset_portcheck.sessions import admin_share

        host = dial.endpoint.server_name or dial.endpoint.host
        if self._stopped is not None:
            raise Broken(Failure.SESSION_NOT_TRIED, status=self._stopped)
        if dial.endpoint.host in self._tried:
            raise Broken(Failure.SESSION_NOT_TRIED, why="one log-on a target and run; another address was tried")
        self._tried.add(dial.endpoint.host)
        reply = dial.reply or {}
        old = bool(reply.get("smb1_only")) or reply.get("dialect") == "2.0.2"
        timeout_s = dial.means.timeout_s
        try:
            facts = await in_thread(
                lambda: admin_share.check(dial.address, dial.port, host, self._credentials, STEP * timeout_s, old_dialects=old),
                2 * timeout_s,
            )
        except Missing as error:
            raise Broken(Failure.EXTRA_MISSING, package=error.package, install=INSTALL) from error
        except Broke as error:
            if isinstance(error.cause, OSError):
                raise Broken.of(error.cause, **error.facts) from error
            raise Broken(error.cause, **error.facts) from error
        except TimeoutError as error:
            raise Broken(Failure.TIMEOUT) from error
        if facts.get("status") in STOP_AT:
            self._stopped = str(facts["status"])
        if facts.get("step") != "done":
            raise Broken(Failure.SESSION_REFUSED, **facts)
        return facts


async def second_opinion(dial: Dial, attempt: Attempt) -> list[Evidence]:
    """What another client says of a row that our own conversation proved. It can only add doubt."""
    if attempt.failed is not None or dial.endpoint.proxy is not None or not dial.protocol.second_client:
        return []
    name = dial.endpoint.server_name or dial.endpoint.host
    timeout_s = dial.means.timeout_s
    try:
        client = import_module(f"eset_portcheck.sessions.{dial.protocol.second_client}")
        facts = await in_thread(lambda: client.second_opinion(dial.address, dial.port, name, timeout_s), 2 * timeout_s + HOLD_S)
    except Missing as error:
        facts = {"missing": error.package, "install": INSTALL}
    except TimeoutError:
        facts = {"error": "TimeoutError"}
    return [Evidence(kind="second-opinion", address=dial.address, facts=facts)]
