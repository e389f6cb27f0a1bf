"""What services say of the time, held against this machine's clock. Whole seconds: the way of the answer is in them.

Sources: RFC 9110 6.6.1 (Date), RFC 9111 5.1 (Age: an answer out of a cache bears the Date of its making); RFC 4517
3.3.13 (GeneralizedTime); MS-ADTS 3.1.1.3.2.1 (currentTime).
"""

import re
from calendar import timegm
from collections.abc import Mapping
from typing import Any

_GENERALIZED = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:[.,]\d{1,6})?Z")


def of_http(facts: Mapping[str, Any], now_s: float) -> dict[str, Any]:
    """`skew_s`: how far the server is ahead. Nothing for an answer out of a cache, or without a readable Date."""
    if "age" in facts:
        return {}
    try:
        from email.utils import parsedate_tz  # it loads the socket module, which a renderer has no use for

        parts = parsedate_tz(str(facts.get("date", "")))
    except (ValueError, TypeError, IndexError, OverflowError):  # a header that no clock wrote breaks no answer
        return {}
    if parts is None or parts[9] is None:
        return {}
    return _skew(parts[:6], now_s, parts[9])


def of_ldap(facts: Mapping[str, Any], now_s: float) -> dict[str, Any]:
    """The same of the root's currentTime."""
    match = _GENERALIZED.fullmatch(str(facts.get("currentTime", "")))
    return _skew(tuple(int(one) for one in match.groups()), now_s) if match else {}


def _skew(told: tuple[int, ...], now_s: float, zone_s: int = 0) -> dict[str, Any]:
    """`told`: year to second. Raises nothing: a date that no calendar has tells nothing."""
    year, month, day, hour, minute, second = told
    usual = 1970 <= year <= 9999 and 1 <= month <= 12 and 1 <= day <= 31
    if not usual or hour > 24 or minute > 59 or second > 60 or abs(zone_s) > 24 * 3600:
        return {}
    return {"skew_s": round(timegm((year, month, day, hour, minute, second)) - zone_s - now_s)}
