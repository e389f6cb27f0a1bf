"""What leaves a report, what stands in its place, and that the rest means the same."""

import base64
import hashlib
import ipaddress
import itertools
import json
import re
import warnings
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives import hashes
from hypothesis import given, settings
from hypothesis import strategies as st

from eset_portcheck import comparing, loading
from eset_portcheck.loading.migration import migrated_row
from eset_portcheck.loading.reports import parsed
from eset_portcheck.model.evidence import FirewallPrediction
from eset_portcheck.model.finding import Finding, Where
from eset_portcheck.model.host import Host, InboundPrediction, Interface, Listening, LocalFirewall
from eset_portcheck.model.observation import Attempt, Certificate, TlsFacts, Transcript
from eset_portcheck.model.params import Params
from eset_portcheck.model.privacy import Privacy
from eset_portcheck.model.report import Report, Row, Tool, from_json, to_json
from eset_portcheck.model.vocabulary import Phase
from eset_portcheck.redaction import redacted
from eset_portcheck.redaction.addresses import _KEPT, Addresses
from eset_portcheck.redaction.always import Always
from eset_portcheck.redaction.anchors import public_anchors
from eset_portcheck.redaction.common_words import COMMON_WORDS
from eset_portcheck.redaction.names import Names
from eset_portcheck.redaction.peers import algorithm, software
from eset_portcheck.redaction.vendor import is_public_name
from eset_portcheck.rejudging import rejudged
from eset_portcheck.render import FORMATS
from eset_portcheck.wire.recognise import recognise

HERE = Path(__file__).parent
NAMES = sorted(path.stem for path in (HERE / "reports").glob("*.json"))
CASES = sorted((HERE.parent / "diagnosis" / "cases").glob("*.json"))
_MARK = re.compile(r"(eset[-_]portcheck[ _])[0-9a-f]{8}")


def sample(name: str) -> Report:
    return from_json((HERE / "reports" / f"{name}.json").read_bytes())


def strict(report: Report) -> Report:
    return redacted(report, strict=True).report


def conclusions(report: Report) -> Any:
    """Everything that was concluded, without the marks of our own firewall rules, which are made of addresses."""
    told = json.loads(_MARK.sub(r"\1", to_json(report).decode()))
    return told["checks"], told["causes"], told["summary"]


@pytest.mark.parametrize("name", NAMES)
def test_a_redacted_report_is_a_report_of_the_same_verdicts(name: str) -> None:
    plain = rejudged(sample(name))
    out = strict(plain)
    read = parsed(to_json(out), name)
    assert read.intact
    assert read.report == out
    assert [(row.verdict, row.reason, row.culprit, row.confidence) for row in out.checks] == [
        (row.verdict, row.reason, row.culprit, row.confidence) for row in plain.checks
    ]
    assert conclusions(rejudged(out)) == conclusions(out), "the rules see the same in the redacted facts"
    for render in FORMATS.values():
        assert render(out, width=100)


@pytest.mark.parametrize("name", NAMES)
def test_redaction_changes_a_redacted_report_no_more(name: str) -> None:
    always = redacted(sample(name)).report
    assert redacted(always).report == always
    once = strict(sample(name))
    assert strict(once) == once
    assert redacted(once).report == once
    assert strict(always) == once


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_case_of_the_laboratory_is_judged_alike(path: Path) -> None:
    recorded = json.loads(path.read_bytes())
    plain = msgspec.structs.replace(
        sample("ready"), host=Host(), checks=[msgspec.convert(migrated_row(recorded["row"]), Row)], causes=[]
    )
    plain = msgspec.structs.replace(plain, run=msgspec.structs.replace(plain.run, phase=Phase(recorded["phase"])))
    before, after = rejudged(plain), rejudged(strict(plain))
    for one, other in zip(before.checks, after.checks, strict=True):
        assert (one.verdict, one.reason, one.state, one.proof, one.culprit, one.confidence) == (
            (other.verdict, other.reason, other.state, other.proof, other.culprit, other.confidence)
        )
        assert [finding.reason for finding in one.findings] == [finding.reason for finding in other.findings]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_that_the_map_names_is_in_the_report(name: str) -> None:
    out = redacted(sample(name), strict=True)
    text = to_json(out.report).decode().lower()
    for kind, pairs in out.map.items():
        for original, pseudonym in pairs.items():
            word = json.dumps(original)[1:-1].lower()
            if original.lower() not in COMMON_WORDS and len(word) > 2 and original not in out.map[kind].values():
                assert not re.search(rf"(?<![\w.-]){re.escape(word)}(?![\w-])", text), original
            assert pseudonym


@pytest.mark.parametrize("role", loading.ROLES)
def test_public_services_and_our_own_words_stay(role: str) -> None:
    profile, _ = loading.load_profile(role)
    always, names = Always(), Names(frozenset())
    for row in profile.requirement:
        if "<" not in row.target and row.target != "this-host":
            assert is_public_name(row.target)
            assert names.host(row.target) == row.target
        assert all(is_public_name(one) for one in row.redirects)
        for text in (row.purpose, row.note, row.note_as_printed, row.source, row.page_row):
            assert always.text(Privacy.TEXT, text) == text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("/home/novak/ca.pem", "/home/user-1/ca.pem"),
        (r"C:\Users\Jan Novak\AppData\x.exe", r"C:\Users\user-1\AppData\x.exe"),
        (r"\Device\HarddiskVolume3\Users\novak\x.exe", r"\Device\HarddiskVolume3\Users\user-1\x.exe"),
        ("C:/Documents and Settings/novak/x", "C:/Documents and Settings/user-1/x"),
        ("/Users/novak", "/Users/user-1"),
        ("/home/nobody/y", "/home/nobody/y"),
        ("https://bob:pw@proxy:3128/x?token=abc#f", "https://[removed]@proxy:3128/x?[removed]"),
        ("bob:S3cret@proxy.corp:3128", "[removed]@proxy.corp:3128"),
        ("ftp://host/a?b", "ftp://host/a?[removed]"),
        (
            "Access denied for user 'novak'@'10.0.0.5' (using password: YES)",
            "Access denied for user 'user-1'@'10.0.0.5' (using password: [removed])",
        ),
        ("password=hunter2&x=1", "password=[removed]&x=1"),
        ('{"db_password": "hunter2", "n": 1}', '{"db_password": [removed], "n": 1}'),
        ("api_key: abcdef", "api_key: [removed]"),
        ("Proxy-Authorization: Basic Zm9vOmJhcg==", "Proxy-Authorization: [removed]"),
        ("Set-Cookie: sid=abc; path=/", "Set-Cookie: [removed]"),
        ("auth Bearer abcdefghijkl", "auth [removed]"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc", "[removed]"),
        ("x -----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY----- y", "x [removed] y"),
        ("hw 00:1A:2b:3c:4d:5e and 00-1a-2B-3C-4D-5E", "hw mac-1 and mac-1"),
        ("001a.2b3c.4d5e", "mac-1"),
        ("fe80::21a:2bff:fe3c:4d5e%eth0", "fe80::ff:fe00:1%eth0"),
        ("AA:BB:CC:DD:EE:FF:00:11:22:33:44:55", "AA:BB:CC:DD:EE:FF:00:11:22:33:44:55"),
        ("CN=x,serialNumber=AB-123,O=y", "CN=x,serialNumber=serial-1,O=y"),
        ("Serial: XYZ12345", "Serial: serial-1"),
        ("CORP\\novak", "CORP\\user-1"),
        ("NT AUTHORITY\\SYSTEM", "NT AUTHORITY\\SYSTEM"),
        ("HKLM\\SOFTWARE\\ESET\\x", "HKLM\\SOFTWARE\\ESET\\x"),
        ("jan.novak@corp.sk", "user-1@corp.sk"),
        ("chacha20-poly1305@openssh.com", "chacha20-poly1305@openssh.com"),
        (
            "eset-portcheck check --only 'deploy-source.target@pc7.corp.local.tcp-445'",
            "eset-portcheck check --only 'deploy-source.target@pc7.corp.local.tcp-445'",
        ),
        ("2026-11-24T09:14:52Z fd77:1::1 09:14:52", "2026-11-24T09:14:52Z fd77:1::1 09:14:52"),
        ("SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u2", "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u2"),
        ("login required; ESET\\Bridge\\x", "login required; ESET\\Bridge\\x"),
    ],
)
def test_what_is_always_taken_out(before: str, after: str) -> None:
    eye = Always()
    assert eye.free(before) == after
    assert eye.free(after) == after


def test_a_user_name_that_was_learned_is_found_in_other_texts() -> None:
    plain = sample("ready")
    host = msgspec.structs.replace(
        plain.host,
        listeners=[
            Listening("tcp", "0.0.0.0", 2222, 7, "novak-tool", "/home/novak/bin/x", user="CORP\\Novak"),
            Listening("tcp", "::", 9, 8, "novak"),
        ],
    )
    row = msgspec.structs.replace(
        plain.checks[0], evidence=[FirewallPrediction(verdict="cannot-tell", why="started by novak today")]
    )
    out = redacted(msgspec.structs.replace(plain, host=host, checks=[row])).report
    assert "novak" not in re.sub("novak-tool", "", to_json(out).decode().lower())
    assert out.host.listeners[0].user == "CORP\\user-1"
    assert out.redaction is not None
    assert out.redaction.replaced["user"] == 1


def test_node_status_bytes_and_names() -> None:
    names = [("PC7", 0), ("NOVAK", 3), ("CORP", 0)]
    body = (
        bytes([len(names)])
        + b"".join(name.ljust(15).encode() + bytes([suffix, 4, 0]) for name, suffix in names)
        + bytes.fromhex("001a2b3c4d5e")
    )
    data = (
        b"\0\1\x84\0\0\0\0\1\0\0\0\0 " + b"A" * 32 + b"\0" + b"\0\x21\0\1\0\0\0\0" + len(body).to_bytes(2, "big") + body
    )
    for size in (64, len(data)):
        assert Always().text(Privacy.BYTES, data[:size].hex()) == data[:56].hex()
    plain = sample("ready")
    attempt = Attempt(
        "10.1.1.1",
        "ipv4",
        reply={"answer": "node-status", "names": [{"name": n, "suffix": s, "group": n == "CORP"} for n, s in names]},
    )
    row = msgspec.structs.replace(plain.checks[0], attempts=[attempt])
    out = redacted(msgspec.structs.replace(plain, checks=[row])).report
    assert out.checks[0].attempts[0].reply is not None
    assert [one["name"] for one in out.checks[0].attempts[0].reply["names"]] == ["PC7", "user-1", "CORP"]
    hidden = strict(out).checks[0].attempts[0].reply
    assert hidden is not None
    assert [one["name"] for one in hidden["names"]] == [hidden["names"][0]["name"], "user-1", "DOMAIN-1"]


@pytest.mark.parametrize(
    ("banner", "service"),
    [
        (b"220 mail.corp.local ESMTP Postfix\r\n", "smtp"),
        (b":irc.corp.local NOTICE * :hello\r\n", "irc"),
        (b"SSH-2.0-OpenSSH_9.2p1 bastion.corp.local\r\n", "ssh"),
        (b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\nHost: intra.corp.local\r\n", "http"),
        (b"intranet.corp.local says hello", None),
    ],
)
def test_first_bytes_still_name_their_service(banner: bytes, service: str | None) -> None:
    plain = sample("ready")
    row = msgspec.structs.replace(
        plain.checks[0], attempts=[Attempt("10.1.1.1", transcript=Transcript(first_bytes=banner[:64].hex()))]
    )
    out = strict(msgspec.structs.replace(plain, checks=[row])).checks[0].attempts[0].transcript
    assert out is not None
    assert out.first_bytes is not None
    kept = bytes.fromhex(out.first_bytes)
    assert recognise(kept) == service == recognise(banner)
    assert b"corp" not in kept


def test_what_nobody_knows_is_taken_out_of_a_strict_report() -> None:
    plain = sample("ready")
    facts = {"novel": "bastion of Novak Ltd", "number": 7, "nested": [{"novel": "x"}], "why": "ValueError"}
    row = msgspec.structs.replace(plain.checks[0], attempts=[Attempt(reply=facts)])
    told = strict(msgspec.structs.replace(plain, checks=[row])).checks[0].attempts[0].reply
    assert told == {"novel": "[removed]", "number": 7, "nested": [{"novel": "[removed]"}], "why": "ValueError"}


def test_names_stay_related() -> None:
    names = Names(frozenset())
    assert [
        names.host(one)
        for one in (
            "pc7.corp.local",
            "PC7",
            "pc8.site2.corp.local",
            "CORP",
            "corp.local.",
            "*.corp.local",
            "CORP.LOCAL",
        )
    ] == [
        *(
            "host-1.domain-1.example",
            "HOST-1",
            "host-2.sub-1.domain-1.example",
            "DOMAIN-1",
            "domain-1.example.",
            "*.domain-1.example",
            "DOMAIN-1.EXAMPLE",
        )
    ]
    assert names.host("epns.eset.com") == "epns.eset.com"
    assert names.host("epns.eset.com.corp.local") != "epns.eset.com.corp.local"
    assert names.host("host-9.domain-9.example") == "host-9.domain-9.example"
    assert names.known("pc7") == "host-1"
    assert names.known("server") is None
    assert names.host("_kerberos._udp.corp.local") == "_kerberos._udp.domain-1.example"
    assert names.host(".") == "."


def test_numbers_that_mean_something_already_are_not_given_again() -> None:
    plain = sample("ready")
    mixed = msgspec.structs.replace(
        plain, host=msgspec.structs.replace(plain.host, name="host-1.domain-1.example", search=["host-2"])
    )
    out = strict(mixed)
    assert out.host.name == "host-1.domain-1.example"
    assert out.checks[0].target not in (out.host.name, plain.checks[0].target)


ADDRESSES = st.one_of(
    st.ip_addresses(v=4),
    st.ip_addresses(v=6),
    *(
        st.ip_addresses(network=one)
        for one in (
            "10.0.0.0/8",
            "192.168.0.0/16",
            "172.16.0.0/12",
            "fd00::/8",
            "fe80::/64",
            "10.1.2.0/24",
            "fd00:1:2:3::/64",
        )
    ),
)


def kind(address: Any) -> Any:
    """The private network that keeps its prefix; None outside."""
    return next((network for network in _KEPT[address.version] if address in network), None)


def common(one: Any, other: Any) -> int:
    return int(one.max_prefixlen - (int(one) ^ int(other)).bit_length())


@settings(max_examples=300, deadline=None)
@given(st.lists(ADDRESSES, min_size=2, max_size=12, unique=True))
def test_prefixes_are_kept(given_: list[Any]) -> None:
    """To the bit within private networks, from the 16th (IPv6: 48th) on outside; never two in one; canonical, so a
    second time changes nothing."""
    table = Addresses()
    made = [table.pseudonym(one) for one in given_]
    assert len(set(made)) == len(made)
    again = Addresses()
    assert [again.pseudonym(one) for one in made] == made
    for one, new in zip(given_, made, strict=True):
        assert (one.version, one.is_loopback, one.is_multicast, one.is_unspecified) == (
            new.version,
            new.is_loopback,
            new.is_multicast,
            new.is_unspecified,
        )
        assert one.is_link_local == new.is_link_local
        assert not new.is_global or one == new
    changed = [(one, new) for one, new in zip(given_, made, strict=True) if one != new]
    for (one, new), (other, other_new) in itertools.combinations(changed, 2):
        if one.version != other.version or kind(one) != kind(other):
            continue
        block = 0 if kind(one) else 16 if one.version == 4 else 48
        if common(one, other) >= block:
            assert common(new, other_new) == common(one, other)
        else:
            assert common(new, other_new) < block


@pytest.mark.parametrize(
    ("one", "other", "bits"),
    [
        ("10.31.4.27", "10.31.4.1", 27),
        ("10.31.4.27", "10.31.5.7", 23),
        ("10.31.4.27", "10.20.0.2", 12),
        ("203.0.113.7", "203.0.113.8", 28),
        ("fd00:1::1", "fd00:1::2", 126),
    ],
)
def test_addresses_of_one_network_stay_in_one_network(one: str, other: str, bits: int) -> None:
    table = Addresses()
    before, after = (
        [ipaddress.ip_address(text) for text in (one, other)],
        [table.pseudonym(ipaddress.ip_address(text)) for text in (one, other)],
    )
    assert common(*before) == common(*after) == bits


def test_networks_in_rules_keep_empty_host_bits_and_their_hosts() -> None:
    plain = sample("ready")
    ruleset = [
        {"rule": {"expr": [{"match": {"right": {"prefix": {"addr": "10.31.0.0", "len": 16}}}}], "comment": "ask Novak"}}
    ]
    firewall = LocalFirewall(
        state="readable",
        ruleset=ruleset,
        predictions={"in/tcp/2222": InboundPrediction("drop", "ip saddr 10.31.0.0/16 drop")},
        ruleset_sha256="ab" * 32,
    )
    out = strict(
        msgspec.structs.replace(
            plain,
            host=msgspec.structs.replace(plain.host, firewall=firewall, interfaces=[Interface("eth0", ["10.31.4.27"])]),
        )
    )
    network = ipaddress.ip_network((out.host.firewall.predictions or {})["in/tcp/2222"].rule.split()[2])
    assert ipaddress.ip_address(out.host.interfaces[0].addresses[0]) in network
    assert (out.host.firewall.ruleset or [])[0]["rule"]["expr"][0]["match"]["right"]["prefix"] == {
        "addr": str(network.network_address),
        "len": 16,
    }
    assert (out.host.firewall.ruleset or [])[0]["rule"]["comment"] == "[removed]"
    assert out.host.firewall.ruleset_sha256 == "fingerprint-1"


def test_two_reports_with_one_map_can_be_compared() -> None:
    before, after = sample("ready"), sample("dropped")
    first = redacted(before, strict=True)
    stored = json.loads(json.dumps(first.map))
    second = redacted(after, strict=True, known=stored)
    told = comparing.compare(first.report, second.report, Tool("x", "0"))
    plain = comparing.compare(before, after, Tool("x", "0"))
    assert [(row.id, row.change, row.meaning) for row in told.rows] == [
        (row.id, row.change, row.meaning) for row in plain.rows
    ]
    assert [one.what for one in told.differences] == [one.what for one in plain.differences]
    assert redacted(second.report, strict=True, known=json.loads(json.dumps(second.map))).report == second.report


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("squid/5.7", "squid/5.7"),
        ("Apache/2.4.57 (Debian)", "Apache/2.4.57 (Debian)"),
        ("Microsoft-HTTPAPI/2.0", "Microsoft-HTTPAPI/2.0"),
        ("5.5.5-10.11.19-MariaDB-0+deb12u1", "5.5.5-10.11.19-MariaDB-0+deb12u1"),
        ("OpenSSH_9.2p1 FIRMA-BASTION", "OpenSSH_9.2p1 [removed]"),
        ("Novak-Intranet/1.0", "[removed]/1.0"),
        ('Basic realm="Corp Proxy"', 'Basic realm="[removed] [removed]"'),
        ("text/html;charset=utf-8", "text/html;charset=utf-8"),
        ("Tue, 24 Nov 2026 10:23:25 GMT", "Tue, 24 Nov 2026 10:23:25 GMT"),
    ],
)
def test_peers_are_cut_down_to_their_software(text: str, kept: str) -> None:
    assert re.sub(r"(\[removed\] ?)+", "[removed]", software(text)) == re.sub(r"(\[removed\] ?)+", "[removed]", kept)
    assert software(software(text)) == software(text)


def test_algorithms() -> None:
    assert [algorithm(one) for one in ("curve25519-sha256@libssh.org", "aes256-gcm@openssh.com", "aes@novak.sk", "bastion")] == [
        "curve25519-sha256@libssh.org", "aes256-gcm@openssh.com", "[removed]", "[removed]"
    ]  # fmt: skip


def chained(*links: tuple[str, str, str], name: str = "epns.eset.com") -> Report:
    """A report whose first row bears this chain, "trusted" by its own word: (subject, issuer, sha256), leaf first."""
    plain = sample("ready")
    chain = [
        Certificate(subject, issuer, "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z", sha256, names=[name])
        for subject, issuer, sha256 in links
    ]
    facts = TlsFacts(name=name, chain=chain, public="trusted", site="trusted", name_matches=True)
    finding = Finding(
        "TLS_UNKNOWN_CA", params=Params(asked=name, subject=links[0][0], issuer=links[0][1], sha256=links[0][2])
    )
    attempt = msgspec.structs.replace(plain.checks[0].attempts[0], tls=facts)
    where = Where(ca=links[0][1])
    return msgspec.structs.replace(
        plain, checks=[msgspec.structs.replace(plain.checks[0], attempts=[attempt], findings=[finding], where=where)]
    )


def mozillas_anchors() -> list[tuple[str, str]]:
    """(name, digest) of each root that certifi brings."""
    import certifi
    from cryptography import x509

    pem = Path(certifi.where()).read_text("ascii", "replace")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = [
            x509.load_pem_x509_certificate(block.encode())
            for block in re.findall("-----BEGIN CERT.*?-----END CERTIFICATE-----", pem, re.DOTALL)
        ]
    return [(one.subject.rfc4514_string(), one.fingerprint(hashes.SHA256()).hex()) for one in found]


def test_an_authority_that_was_made_public_by_a_setting_loses_its_name() -> None:
    """With SSL_CERT_FILE, or by the word of a stranger's report, the company's own authority is "trusted" in the public
    set."""
    told = to_json(
        strict(
            chained(
                ("CN=epns.eset.com,OU=Acme Interception", "CN=Acme Issuing CA 1,O=Acme Corp,C=SK", "a1" * 32),
                ("CN=Acme Issuing CA 1,O=Acme Corp,C=SK", "CN=Acme Root,O=Acme Corp,C=SK", "b2" * 32),
                ("CN=Acme Root,O=Acme Corp,C=SK", "CN=Acme Root,O=Acme Corp,C=SK", "c3" * 32),
            )
        )
    ).decode()
    assert "acme" not in told.lower()
    assert not [digest for digest in ("a1" * 32, "b2" * 32, "c3" * 32) if digest in told]
    assert "epns.eset.com" in told
    assert "C=SK" in told


def test_a_name_beside_an_anchor_of_mozillas_is_none_of_mozillas() -> None:
    """A chain that claims to end in a public root proves nothing of what stands before it; neither does an anchor's
    digest under another name."""
    name, digest = mozillas_anchors()[0]
    out = strict(
        chained(
            ("CN=srv,O=Acme Corp", "CN=Acme Sub,O=Acme Corp", "a1" * 32),
            ("CN=Acme Sub,O=Acme Corp", name, digest),
            (f"{name},OU=Acme", name + " ", "b2" * 32),
        )
    )
    facts = out.checks[0].attempts[0].tls
    assert facts is not None
    assert "acme" not in to_json(out).decode().lower()
    assert [one.issuer == name for one in facts.chain] == [False, True, False]
    assert facts.chain[1].sha256 == digest, "the same for everybody"


def test_every_anchor_of_mozillas_keeps_its_name_and_digest() -> None:
    """But for serial numbers and mail addresses in a few, which no report keeps."""
    roots = mozillas_anchors()
    plain = redacted(
        chained(("CN=epns.eset.com", "CN=x", "a1" * 32), *((name, name, digest) for name, digest in roots))
    ).report
    before, after = plain.checks[0].attempts[0].tls, strict(plain).checks[0].attempts[0].tls
    assert before is not None
    assert after is not None
    kept = [one.subject == name for (name, _), one in zip(roots, before.chain[1:], strict=True)]
    assert [one.subject == name for (name, _), one in zip(roots, after.chain[1:], strict=True)] == kept
    assert kept.count(True) > 100
    assert [one.sha256 for one in after.chain[1:]] == [digest for _, digest in roots]


@pytest.mark.parametrize("case", ["missing", "changed", "elsewhere"])
def test_without_mozillas_own_file_no_authority_keeps_its_name(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A distribution's certifi takes the machine's store for Mozilla's; others add their inspector to certifi's
    file."""
    import certifi

    name, digest = mozillas_anchors()[0]
    pem = Path(certifi.where()).read_bytes()
    (tmp_path / "certifi").mkdir()
    if case != "missing":
        (tmp_path / "certifi" / "cacert.pem").write_bytes(pem + (b"# one more\n" if case == "changed" else b""))
    (tmp_path / "certifi-1.dist-info").mkdir()
    told = base64.urlsafe_b64encode(hashlib.sha256(pem).digest()).decode().rstrip("=")
    (tmp_path / "certifi-1.dist-info" / "RECORD").write_text(
        f"certifi/__init__.py,,\ncertifi/cacert.pem,sha256={told},{len(pem)}\n"
    )
    monkeypatch.setattr(certifi.__spec__, "origin", str(tmp_path / "certifi" / "__init__.py"))
    monkeypatch.setattr(certifi, "where", lambda: str(tmp_path / "nothing.pem"))
    public_anchors.cache_clear()
    try:
        out = strict(chained(("CN=epns.eset.com", name, "a1" * 32), (name, name, digest)))
    finally:
        public_anchors.cache_clear()
    assert (name in to_json(out).decode()) is (case == "elsewhere")


def test_a_thousand_rows_cost_little() -> None:
    import time

    plain = sample("dropped")
    rows = [
        msgspec.structs.replace(
            row,
            id=f"{row.id}.n{number}",
            target=f"pc{number}.corp.example",
            where=Where(address=f"10.{number % 200}.1.{number % 250}"),
        )
        for number in range(125)
        for row in plain.checks
    ]
    big = msgspec.structs.replace(plain, checks=rows)
    started = time.process_time()
    strict(big)
    assert time.process_time() - started < 5.0


def test_facts_of_later_versions_do_not_break_it() -> None:
    plain = sample("ready")
    odd: Any = {"a": {"b": [1, None, {"c": "d"}]}, "name": None, "names": [1, "x"], "suffix": 3}
    attempt = msgspec.structs.replace(plain.checks[0].attempts[0], reply=odd)
    row = msgspec.structs.replace(plain.checks[0], attempts=[attempt])
    told = strict(msgspec.structs.replace(plain, checks=[row])).checks[0].attempts[0].reply
    assert told is not None
    assert (told["a"], told["names"][0]) == ({"b": [1, None, {"c": "[removed]"}]}, 1)
    assert told["names"][1].startswith("host-")


@pytest.mark.parametrize(
    "name", ["bookkeeping ", " bookkeeping", "bookkeeping\t", "[fe80::bookkeeping]", "[bookkeeping]:8443"]
)
def test_a_host_name_with_blanks_or_brackets_around_it_goes_too(name: str) -> None:
    report = sample("proxy")
    odd = msgspec.structs.replace(report, host=msgspec.structs.replace(report.host, name=name))
    once = strict(odd)
    assert b"bookkeeping" not in to_json(once)
    assert strict(once).host.name == once.host.name
