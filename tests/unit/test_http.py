"""What an HTTP answer proves: the repository's content, and nothing that a portal or filter could say in its place."""

import pytest

from eset_portcheck.model.vocabulary import Proof
from eset_portcheck.protocols import http, http_proxy
from eset_portcheck.wire import http1
from eset_portcheck.wire.conversation import Ended, Exchange, Peer, UnexpectedBytes

PEER = Peer(host="repository.eset.com", port=80, path="/v1/info.meta", redirects=("eset.com",))


def answer(raw: bytes, module: object = http) -> tuple[str, Proof, bool]:
    exchange = Exchange(module.converse(PEER))  # type: ignore[attr-defined]
    exchange.receive(raw)
    if not exchange.finished:
        exchange.eof()
    meaning = module.interpret(exchange.facts)  # type: ignore[attr-defined]
    return meaning.reason, meaning.proof, meaning.disproves


def response(status: str, body: bytes = b"", *headers: str) -> bytes:
    head = "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}"))
    return head.encode() + b"\r\n" + body


def test_the_request() -> None:
    exchange = Exchange(http.converse(PEER))
    assert exchange.out[0].startswith(b"GET /v1/info.meta HTTP/1.1\r\nHost: repository.eset.com\r\n")
    through = Exchange(http_proxy.converse(PEER))
    assert through.out[0].startswith(
        b"GET http://repository.eset.com/v1/info.meta HTTP/1.1\r\nHost: repository.eset.com\r\n"
    )


PASSES = ("PROTOCOL_REPLY", Proof.PRODUCT, True)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (response("200 OK", b"type: repository\n"), PASSES),
        (b"HTTP/1.0 200 OK\r\n\r\ntype: repository, old style\n", PASSES),
        (response("200 OK", b"<!DOCTYPE html><title>Login</title>"), ("CAPTIVE_PORTAL", Proof.PROTOCOL, True)),
        (response("200 OK", b"  <!-- x --> <HTML>"), ("CAPTIVE_PORTAL", Proof.PROTOCOL, True)),
        (response("200 OK", b"ok", "Content-Type: text/html"), ("CAPTIVE_PORTAL", Proof.PROTOCOL, True)),
        (
            response("302 Found", b"", "Location: http://portal.lab.test/login"),
            ("CAPTIVE_PORTAL", Proof.PROTOCOL, True),
        ),
        (response("302 Found", b"", "Location: http://[bad/"), ("CAPTIVE_PORTAL", Proof.PROTOCOL, True)),
        (response("511 Network Authentication Required"), ("CAPTIVE_PORTAL", Proof.PROTOCOL, True)),
        (
            response("302 Found", b"", "Location: https://repository.eset.com/x"),
            ("WRONG_CONTENT", Proof.PROTOCOL, False),
        ),
        (
            response("302 Found", b"", "Location: https://eu.repository.eset.com/x"),
            ("WRONG_CONTENT", Proof.PROTOCOL, False),
        ),
        (response("302 Found", b"", "Location: https://noteset.com/x"), ("CAPTIVE_PORTAL", Proof.PROTOCOL, True)),
        (response("404 Not Found", b"<html>"), ("WRONG_CONTENT", Proof.PROTOCOL, False)),
        (
            response("403 Forbidden", b"<html>blocked", "Content-Type: text/html"),
            ("WRONG_CONTENT", Proof.PROTOCOL, True),
        ),
        (response("500 Oops"), ("WRONG_CONTENT", Proof.PROTOCOL, True)),
        (response("200 OK"), ("WRONG_CONTENT", Proof.PROTOCOL, False)),
        (response("204 No Content"), ("WRONG_CONTENT", Proof.PROTOCOL, False)),
    ],
)
def test_what_it_proves(raw: bytes, expected: tuple[str, Proof, bool]) -> None:
    assert answer(raw) == expected


PIXEL = bytes.fromhex("47494638396101000100800000ffffff00000021f90401000000002c00000000010001000002024401003b")
NOTICES = [
    (b"Access to this site is blocked by your organisation.\n", "text/plain"),
    (b"Blocked: category file-sharing\n", "text/plain"),
    (b"type: notice\nversion: 1\nmessage: access denied\n", "text/plain"),
    (b"blocked=true\nreason=policy 17\n", "application/octet-stream"),
    (b"version: 2.1\n", ""),
    (b"OK", ""),
    (b"ok\n", "application/octet-stream"),
    (b'{"blocked": true, "type": "repository"}', "application/json"),
    (b'[{"error": "denied"}]', "text/plain"),
    (b'  "blocked"', ""),
    (b"<?xml version='1.0'?><notice>blocked</notice>", "application/xml"),
    (b"window.location='/login'", "application/javascript"),
    (b"body { color: red }", "text/css"),
    (PIXEL, "image/gif"),
    (PIXEL, "application/octet-stream"),
    (b"\x89PNG\r\n\x1a\n" + bytes(64), ""),
    (b"\xff\xd8\xff\xe0" + bytes(64), ""),
    (b"type: repository\n", "image/png"),
    (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3" + bytes(64), "application/pdf"),
    (b"\x1f\x8b\x08" + bytes(range(64)), "application/octet-stream"),
    (b"\xe9\xe8 bloqu\xe9 par la politique de s\xe9curit\xe9 de l'entreprise", "text/plain; charset=iso-8859-1"),
    (bytes(range(128, 200)), "text/plain"),
    (b"\x00", "application/octet-stream"),
]


@pytest.mark.parametrize("module", [http, http_proxy], ids=["direct", "by proxy"])
@pytest.mark.parametrize(("body", "kind"), NOTICES)
def test_a_notice_with_status_200_is_never_the_repository(body: bytes, kind: str, module: object) -> None:
    headers = [f"Content-Type: {kind}"] if kind else []
    assert answer(response("200 OK", body, *headers), module) == ("WRONG_CONTENT", Proof.PROTOCOL, False)


def test_a_page_is_a_page_in_every_dress() -> None:
    for body in (b"\xef\xbb\xbf<html>", b"<?xml version='1.0'?>\n<!DOCTYPE html PUBLIC 'x'><html>"):
        assert answer(response("200 OK", body))[0] == "CAPTIVE_PORTAL"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"type: repository stand-in\n", ""),
        (b"# index\nversion = 3\nproducts = 12\n", "text/plain"),
        (b"[HOSTS]\nOther=update.example\n[ENGINE2]\nversionid=1\n", "text/plain"),
        (bytes(range(128, 256)) * 4, "application/octet-stream"),
        (b"type: repository\nname: x\n" * 900, ""),
    ],
)
def test_an_index_is_known_by_its_shape(body: bytes, kind: str) -> None:
    headers = [f"Content-Type: {kind}"] if kind else []
    assert answer(response("200 OK", body, *headers)) == PASSES


def test_the_digest_does_not_know_which_host_was_asked() -> None:
    def digest(host: str) -> str:
        exchange = Exchange(http.converse(Peer(host=host, port=80)))
        exchange.receive(response("404 Not Found", b"no page at " + host.encode()))
        assert exchange.facts is not None
        return str(exchange.facts["body_sha256"])

    assert digest("repository.eset.com") == digest("other.invalid")


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("407 Proxy Authentication Required", "PROXY_AUTH_REQUIRED"),
        ("403 Forbidden", "PROXY_REFUSED_CONNECT"),
        ("405 No", "PROXY_REFUSED_CONNECT"),
        ("502 Bad Gateway", "PROXY_UPSTREAM_FAILED"),
        ("503 No", "PROXY_UPSTREAM_FAILED"),
        ("504 Late", "PROXY_UPSTREAM_FAILED"),
    ],
)
def test_a_proxys_own_word(status: str, reason: str) -> None:
    assert answer(response(status), http_proxy)[0] == reason


def test_a_body_without_end_is_read_no_further_than_needed() -> None:
    exchange = Exchange(http.converse(PEER))
    exchange.receive(b"HTTP/1.1 200 OK\r\n\r\n")
    for _ in range(100):
        if exchange.finished:
            break
        exchange.receive(b"x" * 4096)
    assert exchange.finished
    assert exchange.received_bytes < 64 * 1024


def test_endless_headers_end_in_a_named_reason() -> None:
    exchange = Exchange(http.converse(PEER))
    exchange.receive(b"HTTP/1.1 200 OK\r\n")
    headers = (b"X-A: " + b"y" * 1000 + b"\r\n") * 1000
    with pytest.raises(UnexpectedBytes):
        exchange.receive(headers)


def test_a_hang_up_is_not_garbage() -> None:
    exchange = Exchange(http.converse(PEER))
    with pytest.raises(Ended):
        exchange.eof()


def test_what_a_proxy_sends_behind_its_200_is_kept() -> None:
    exchange = Exchange(http1.connect("fd77::1", 2222))
    assert exchange.out[0].startswith(b"CONNECT [fd77::1]:2222 HTTP/1.1\r\nHost: [fd77::1]:2222\r\n")
    exchange.receive(b"HTTP/1.1 200 Connection established\r\n\r\n\x16\x03\x03")
    assert exchange.facts is not None
    assert bytes.fromhex(exchange.facts["surplus"]) == b"\x16\x03\x03"
