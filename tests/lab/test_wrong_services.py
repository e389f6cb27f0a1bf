"""Another service on a port of the page: it is named where it says what it is, and nothing is claimed where it does
not."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.lab import topology as at
from tests.lab.expected import Expected
from tests.lab.laboratory import Lab
from tests.lab.observation import matches
from tests.lab.relaying import ROWS, led_to, relaying
from tests.lab.relays import BANNERS, banner_port, port

# sshd resets a connection whose words it does not like, and a reset may overtake the banner before it (RFC 9293
# 3.10.7.4, RFC 5961 3.2: seen once on a busy machine): a relay stands between, which passes sshd's words on and hangs
# up gently
SSHD = (at.MISBEHAVING, port("ssh", "whole"))
NGINX, MARIADB, HTTPS = (at.SERVER, 80), (at.DATABASE, 3306), (at.WEB, 443)
TLS_ALERT = (at.MISBEHAVING, 9010)
SOON = ("--timeout", "2")  # for those who never answer


class Stranger(NamedTuple):
    """Where the port of `protocol` leads to, and the name that the row must give. A NAME of BANNERS stands for a
    relay's banner."""

    protocol: str
    there: tuple[str, int] | str
    service: str

    @property
    def endpoint(self) -> tuple[str, int]:
        return (at.MISBEHAVING, banner_port(self.there)) if isinstance(self.there, str) else self.there

    def __str__(self) -> str:
        return f"{self.service}-for-{self.protocol}"


STRANGERS = [
    *(
        Stranger(protocol, SSHD, "ssh")
        for protocol in ("smb", "nbss", "mysql", "tds", "ldap", "tls", "mqtt", "apns", "http", "http_proxy")
    ),
    *(Stranger(protocol, NGINX, "http") for protocol in ("smb", "tds", "ldap", "tls", "mqtt")),
    *(Stranger(protocol, MARIADB, "mysql") for protocol in ("smb", "nbss", "tds", "ldap", "tls", "ssh", "http")),
    Stranger("mysql", "http", "http"),
    Stranger("mqtt", HTTPS, "http"),  # inside TLS
    Stranger("nbss", TLS_ALERT, "tls"),
    Stranger("smb", TLS_ALERT, "tls"),
    Stranger("tds", "smtp", "smtp"),
    Stranger("http_proxy", "smtp", "smtp"),
    Stranger("ssh", "smtp", "smtp"),
    Stranger("ldap", "imap", "imap"),
    Stranger("tls", "pop3", "pop3"),
    Stranger("tls", "vnc", "vnc"),
    Stranger("http", "ftp", "ftp"),
]


@pytest.fixture(scope="module", autouse=True)
def banners(lab: Lab) -> Iterator[None]:
    with relaying(lab):
        yield


@pytest.mark.parametrize("stranger", STRANGERS, ids=str)
def test_named(lab: Lab, stranger: Stranger) -> None:
    arguments, row_id = ROWS[stranger.protocol]
    with led_to(stranger.protocol, *stranger.endpoint).applied(lab, "stranger"):
        result = lab.check(*arguments, "--only", row_id)
    row = Expected("fail", "WRONG_PROTOCOL", state="open", exit_code=1 if result.row(row_id)["required"] else 0).holds(
        result, row_id
    )
    assert matches({"reason": "WRONG_PROTOCOL", "params": {"service": stranger.service}}, row["findings"]), row[
        "findings"
    ]
    assert row["proof"]["reached"] in ("accepts", "tls", "none")  # none: of what is behind a proxy


# (protocol, there, reasons): they wait for words that they understand, or hang up; whoever says nothing cannot be named
MUTE = [
    ("mysql", NGINX, "NO_REPLY"),
    ("mysql", (at.DATABASE, 1433), "NO_REPLY"),
    ("ssh", NGINX, "NO_REPLY"),
    ("ldap", (at.TARGET, 445), "NO_REPLY CLOSED_BEFORE_REPLY"),
    ("tls", (at.TARGET, 445), "TLS_TIMEOUT CLOSED_BEFORE_REPLY"),
    ("smb", (at.DC, 389), "NO_REPLY CLOSED_BEFORE_REPLY"),
    ("nbss", (at.SERVER, 2222), "CLOSED_BEFORE_REPLY"),
]


@pytest.mark.parametrize(
    ("protocol", "there", "reasons"), MUTE, ids=[f"{protocol}-{there[1]}" for protocol, there, _ in MUTE]
)
def test_mute(lab: Lab, protocol: str, there: tuple[str, int], reasons: str) -> None:
    arguments, row_id = ROWS[protocol]
    with led_to(protocol, *there).applied(lab, "mute"):
        result = lab.check(*arguments, *SOON, "--only", row_id)
    row = Expected("fail", reasons, state="open", exit_code=1 if result.row(row_id)["required"] else 0).holds(
        result, row_id
    )
    assert [
        finding["params"]["service"] for finding in row["findings"] if "service" in (finding.get("params") or {})
    ] == []


def test_another_tls_service_is_not_apple(lab: Lab) -> None:
    """mosquitto has the certificate and no HTTP/2."""
    arguments, row_id = ROWS["apns"]
    with led_to("apns", at.INTERNET, 8883).applied(lab, "no-h2"):
        result = lab.check(*arguments, "--only", row_id)
    Expected("fail", "WRONG_PROTOCOL").holds(result, row_id)


def test_https_on_the_repository_port(lab: Lab) -> None:
    """nginx says in HTTP that it wanted TLS: HTTP is spoken, and it is not the repository."""
    arguments, row_id = ROWS["http"]
    with led_to("http", at.SERVER, 2222).applied(lab, "https"):
        result = lab.check(*arguments, "--only", row_id)
    Expected("fail", "WRONG_CONTENT").holds(result, row_id)


@pytest.mark.parametrize(
    ("protocol", "there"),
    [("nbns", (at.DC, 53)), ("nbns", (at.DC, 88)), ("kerberos", (at.DC, 53)), ("kerberos", (at.TARGET, 137))],
)
def test_datagrams_of_another_service_prove_nothing(lab: Lab, protocol: str, there: tuple[str, int]) -> None:
    """DNS and NetBIOS share a message format: an answer with the right transaction id is not enough."""
    arguments, row_id = ROWS[protocol]
    with led_to(protocol, *there).applied(lab, "datagrams"):
        row = lab.check(*arguments, *SOON, "--only", row_id).row(row_id)
    assert (row["verdict"], row["reason"]) in (("unproven", "UDP_NO_ANSWER"), ("fail", "WRONG_PROTOCOL")), row


def test_a_refused_netbios_session_is_no_smb(lab: Lab) -> None:
    arguments, row_id = ROWS["nbss"]
    with led_to("nbss", at.MISBEHAVING, banner_port("netbios-refusal")).applied(lab, "refusal"):
        row = lab.check(*arguments, "--only", row_id).row(row_id)
    assert (row["verdict"], row["proof"]["reached"]) == ("unproven", "accepts"), row
    assert matches({"netbios_session": "refused", "meaning": "called name not present"}, row["attempts"][0]["reply"])


def test_every_banner_is_used() -> None:
    used = {stranger.there for stranger in STRANGERS if isinstance(stranger.there, str)} | {"netbios-refusal"}
    assert set(BANNERS) == used
