"""Full clients during a run: ADMIN$ behind an SMB handshake, second opinions behind push and SSH rows. One log-on a
machine, one at a time."""

import asyncio
from contextlib import AbstractAsyncContextManager
from importlib import import_module
from typing import Any

from eset_portcheck.model.evidence import SecondOpinion
from eset_portcheck.model.observation import Attempt
from eset_portcheck.model.plan import Options
from eset_portcheck.model.stage_detail import StageDetail
from eset_portcheck.model.vocabulary import Failure
from eset_portcheck.net.failure import StageFailed
from eset_portcheck.net.interfaces import Attempting
from eset_portcheck.sessions import INSTALL, Credentials, Missing, in_thread
from eset_portcheck.sessions.allowance import ClientFailed
from eset_portcheck.sessions.logons import REDIRECTED, Logons, Permit, Withheld

HOLD_S = 1.0  # a second client keeps its session that long
STEP = 0.9  # of a time-out: two steps of a full client end before the stage does, so that it can say how far it got
_BELOW_2_1 = "2.0.2"


class DeepSessions:
    """The `Sessions` of net/dial. Log-ons take turns, so that a refused account is noticed before the next target is
    tried."""

    def __init__(self, credentials: Credentials, options: Options) -> None:
        self._credentials = credentials
        self._options = options
        self._lock = asyncio.Lock()
        self._logons = Logons(allow_unsigned=options.allow_unsigned_logon)

    def turn(self) -> AbstractAsyncContextManager[Any]:
        return self._lock

    async def hold(self, dial: Attempting) -> StageDetail:
        endpoint, reply = dial.endpoint, dial.reply or {}
        try:
            if endpoint.proxy is not None or self._options.dialled(endpoint) != (endpoint.host, endpoint.port):
                raise Withheld(REDIRECTED)
            old = bool(reply.get("smb1_only")) or reply.get("dialect") == _BELOW_2_1
            permit = self._logons.permit(endpoint.host, dial.address, reply, signed=not old)
            facts = await self._log_on(dial, permit, smb1=bool(reply.get("smb1_only")))
        except Withheld as withheld:
            raise StageFailed(Failure.SESSION_NOT_TRIED, withheld.facts) from withheld
        if facts.step != "done":
            raise StageFailed(Failure.SESSION_REFUSED, facts)
        return facts

    async def _log_on(self, dial: Attempting, permit: Permit, *, smb1: bool) -> StageDetail:
        """Raises Withheld, Broken. Whatever ends it, also a cancellation: its outcome is noted before the next one's
        turn."""
        from eset_portcheck.sessions import admin_share

        host, timeout_s = dial.endpoint.server_name or dial.endpoint.host, dial.context.timeout_s
        facts: StageDetail | None = None
        try:
            facts = await in_thread(
                lambda: admin_share.check(
                    dial.address, dial.port, host, self._credentials, STEP * timeout_s, permit, smb1=smb1
                ),
                2 * timeout_s,
            )
        except Missing as error:
            raise StageFailed(Failure.EXTRA_MISSING, StageDetail(package=error.package, install=INSTALL)) from error
        except ClientFailed as error:
            facts = error.facts
            if isinstance(error.cause, OSError):
                raise StageFailed.of(error.cause, error.facts) from error
            raise StageFailed(error.cause, error.facts) from error
        except TimeoutError as error:
            raise StageFailed(Failure.TIMEOUT) from error
        finally:
            self._logons.ended(permit, facts)
        return facts


async def second_opinion(dial: Attempting, attempt: Attempt) -> list[SecondOpinion]:
    """What another client says of a row that our own conversation proved. It can only add doubt."""
    if attempt.failed is not None or dial.endpoint.proxy is not None or not dial.protocol.second_client:
        return []
    name = dial.endpoint.server_name or dial.endpoint.host
    timeout_s = dial.context.timeout_s
    try:
        client = import_module(f"eset_portcheck.sessions.{dial.protocol.second_client}")
        facts = await in_thread(
            lambda: client.second_opinion(dial.address, dial.port, name, timeout_s), 2 * timeout_s + HOLD_S
        )
    except Missing as error:
        return [SecondOpinion(address=dial.address, missing=error.package, install=INSTALL)]
    except TimeoutError:
        return [SecondOpinion(address=dial.address, error="TimeoutError")]
    return [SecondOpinion(address=dial.address, **facts)]
