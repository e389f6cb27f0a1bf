"""Secrets planted in every input must come out of nothing: no format, no file, no message, no traceback; neither plain
nor in another coding."""

import base64
import datetime as dt
import json
import os
import pty
import select
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from eset_portcheck.render import FORMATS
from tests.cli.conftest import Command, Ended

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="plants a process and a terminal")

# One of a kind each, so that a leak tells where it came from.
NAMES = (
    *(
        "credentialsuser",
        "credentialspassword",
        "promptuser",
        "promptpassword",
        "optionuser",
        "optionpassword",
        "envuser",
        "envpassword",
        "noproxypassword",
    ),
    *(
        "siteuser",
        "sitepassword",
        "sitetoken",
        "profileuser",
        "profilepassword",
        "homeuser",
        "bannertoken",
        "banneruser",
        "headerpassword",
        "cookie",
        "query",
    ),
    *(
        "urluser",
        "urlpassword",
        "mailuser",
        "nodeuser",
        "certificateuser",
        "certificateserial",
        "bannerserial",
        "argument",
        "mapfile",
        "exception",
    ),
)
CANARY = {name: f"Cnry{number:02}{name[:4]}x" for number, name in enumerate(NAMES)}
MAC = "00:1b:5e:c0:ff:ee"
EUI64 = "fe80::21b:5eff:fec0:ffee"


def codings(value: str) -> list[bytes]:
    raw = value.lower().encode()
    wide = value.encode("utf-16-le")
    plain = [value.encode(), raw, value.encode().hex().encode(), raw.hex().encode(), wide, wide.hex().encode()]
    shifted = [base64.b64encode(b"x" * shift + value.encode())[4 if shift else 0 : -4] for shift in range(3)]
    return [one.lower() for one in (*plain, *shifted)]


NEEDLES = {name: codings(value) for name, value in CANARY.items()}
NEEDLES["mac"] = [
    text.encode() for text in (MAC, MAC.replace(":", "-"), MAC.replace(":", ""), "001b.5ec0.ffee", "21b:5eff:fec0:ffee")
]


def leaks(*told: bytes | str) -> set[str]:
    text = b"\n".join(one.encode("utf-8", "surrogateescape") if isinstance(one, str) else one for one in told).lower()
    return {name for name, needles in NEEDLES.items() if any(needle in text for needle in needles)}


# What a hostile or talkative peer says.
BANNER = f"220 intranet ESMTP hello user={CANARY['banneruser']} token={CANARY['bannertoken']} serial: {CANARY['bannerserial']}7 mac {MAC} {EUI64}\r\n".encode()
HTTP = (
    "HTTP/1.1 302 Found\r\n"
    f"Server: portal password={CANARY['headerpassword']} {MAC}\r\n"
    f"Location: http://{CANARY['urluser']}:{CANARY['urlpassword']}@portal.test/login?session={CANARY['query']}#{CANARY['query']}\r\n"
    f"Via: 1.1 gate (admin {CANARY['mailuser']}@corp.test)\r\nSet-Cookie: sid={CANARY['cookie']}\r\n"
    f'Proxy-Authenticate: Basic realm="password={CANARY["headerpassword"]}"\r\nContent-Length: 0\r\n\r\n'
).encode()


def node_status(question: bytes) -> bytes:
    names = [("PC7", 0), (CANARY["nodeuser"][:15], 3), ("PC7", 0x20)]
    body = (
        bytes([len(names)])
        + b"".join(name.ljust(15).encode() + bytes([suffix, 4, 0]) for name, suffix in names)
        + bytes.fromhex(MAC.replace(":", ""))
    )
    return (
        question[:2]
        + b"\x84\0\0\0\0\1\0\0\0\0"
        + question[12:46]
        + b"\0\x21\0\1\0\0\0\0"
        + len(body).to_bytes(2, "big")
        + body
    )


def certificate(folder: Path) -> ssl.SSLContext:
    """Self-signed, with a person's data in its names."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, "epns.eset.com"),
            x509.NameAttribute(NameOID.EMAIL_ADDRESS, f"{CANARY['certificateuser']}@corp.test"),
            x509.NameAttribute(NameOID.SERIAL_NUMBER, CANARY["certificateserial"]),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, f"/home/{CANARY['homeuser']}/ca"),
        ]
    )
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(7)
    )
    made = builder.not_valid_before(now).not_valid_after(now + dt.timedelta(days=90)).sign(key, hashes.SHA256())
    (folder / "c.pem").write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "c.pem")
    return context


def _end(sockets: dict[str, socket.socket], threads: list[threading.Thread]) -> None:
    """Threads before sockets: one that is closed under its reader gives its number to the next, and the reader gets
    what is for others."""
    for kind, one in sockets.items():
        if kind == "netbios":
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                sock.sendto(b"", one.getsockname())
        else:
            one.shutdown(socket.SHUT_RDWR)
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive(), thread
    for one in sockets.values():
        one.close()


@pytest.fixture
def peers(tmp_path: Path) -> Iterator[dict[str, int]]:
    """A banner, a portal, a TLS server and a NetBIOS host on loopback: kind -> port."""
    made: dict[str, socket.socket] = {}
    threads: list[threading.Thread] = []
    context = certificate(tmp_path)

    def tls(link: socket.socket) -> None:
        with context.wrap_socket(link, server_side=True) as inner:
            inner.recv(100)

    def talk(say: Callable[[socket.socket], None], listener: socket.socket) -> None:
        while True:
            try:
                link, _ = listener.accept()
            except OSError:
                return
            with link:
                link.settimeout(5)
                try:
                    say(link)
                    link.recv(4096)
                except OSError:
                    pass

    def answer(listener: socket.socket) -> None:
        while True:
            try:
                data, sender = listener.recvfrom(2048)
                if not data:  # the end
                    return
                listener.sendto(node_status(data), sender)
            except OSError:
                return

    ways: dict[str, Callable[[socket.socket], None]] = {
        "banner": lambda link: link.sendall(BANNER),
        "http": lambda link: (link.recv(4096), link.sendall(HTTP))[1],
        "tls": tls,
    }
    for kind in (*ways, "netbios"):
        made[kind] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM if kind == "netbios" else socket.SOCK_STREAM)
        made[kind].bind(("127.0.0.1", 0))
        if kind in ways:
            made[kind].listen(20)
        target, arguments = (talk, (ways[kind], made[kind])) if kind in ways else (answer, (made[kind],))
        threads.append(threading.Thread(target=target, args=arguments, daemon=True))
        threads[-1].start()
    yield {kind: one.getsockname()[1] for kind, one in made.items()}
    _end(made, threads)


@pytest.fixture
def held(tmp_path: Path) -> Iterator[int]:
    """A process in a user's folder that listens on a port of all addresses."""
    folder = tmp_path / "home" / CANARY["homeuser"] / "bin"
    folder.mkdir(parents=True)
    program = folder / "service"
    shutil.copy(Path(sys.executable).resolve(), program)
    code = "import socket,sys; s=socket.create_server(('0.0.0.0', 0)); print(s.getsockname()[1], flush=True); sys.stdin.read()"
    arguments = ["-I", "-S", "-c", code, f"--password={CANARY['argument']}"]
    environment = {"PYTHONHOME": sys.base_prefix, "LD_LIBRARY_PATH": f"{sys.base_prefix}/lib"}
    with subprocess.Popen(
        [program, *arguments], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            pytest.skip("this Python cannot be copied")
        yield int(line)
        process.kill()


PROFILE = """role = "canary"
title = "Own role; ask user={profileuser}"
version = "1"
source = "/home/{profileuser}/profiles, password={profilepassword}"
[values]
server = {{ meaning = "the server, password={profilepassword}", option = "--server", required = true }}
"""
ROW = """[[requirement]]
key = "{key}"
port = {port}
transport = "{transport}"
protocol = "{protocol}"
direction = "{direction}"
target = "{target}"
listener = "foreign"
proof = "{proof}"
purpose = "x {{profileuser}}@corp.test"
source = "C:/Users/{{profileuser}}/x.toml"
note = "log in as user={{profileuser}} password={{profilepassword}}"
note_as_printed = "token: {{profilepassword}}"
page_row = "api_key={{profilepassword}}"
"""


def own_profile(folder: Path, peers: dict[str, int], port: int) -> list[str]:
    """A site and a profile whose rows lead to all the peers, and the arguments for them."""
    rows = [
        ("server", 2222, "tcp", "tls", "outbound", "<server>", "tls"),
        ("web", 80, "tcp", "http", "outbound", "repository.eset.com", "product"),
        ("push", 8883, "tcp", "mqtt", "outbound", "epns.eset.com", "protocol"),
        ("names", 137, "udp", "nbns", "outbound", "<server>", "protocol"),
        ("listen", port, "tcp", "tcp", "inbound", "this-host", "accepts"),
    ]
    fields = ("key", "port", "transport", "protocol", "direction", "target", "proof")
    text = PROFILE + "".join(ROW.format(**dict(zip(fields, row, strict=True))) for row in rows)
    (folder / "canary.toml").write_text(text.format(**CANARY))
    home = folder / "home" / CANARY["siteuser"]
    home.mkdir(parents=True, exist_ok=True)
    pairs = {
        "127.0.0.1:2222": peers["banner"],
        "repository.eset.com:80": peers["http"],
        "epns.eset.com:8883": peers["tls"],
        "127.0.0.1:137": peers["netbios"],
    }
    (home / "site.toml").write_text(
        'server = "127.0.0.1"\n[connect_to]\n' + "".join(f'"{one}" = "127.0.0.1:{to}"\n' for one, to in pairs.items())
    )
    return ["--profile", "canary.toml", "--site", str(home / "site.toml"), "--timeout", "1"]


ENVIRONMENT = {
    "http_proxy": f"http://{CANARY['envuser']}:{CANARY['envpassword']}@10.1.1.1:3128/?token={CANARY['envpassword']}",
    "https_proxy": f"{CANARY['envuser']}:{CANARY['envpassword']}@10.1.1.1:3128",
    "ALL_PROXY": f"socks5://{CANARY['envuser']}@10.1.1.1",
    "no_proxy": f"localhost,{CANARY['envuser']}:{CANARY['noproxypassword']}@10.1.1.2,http://{CANARY['envuser']}:{CANARY['noproxypassword']}@x",
}


def files(folder: Path) -> dict[str, bytes]:
    """What was written, archives opened."""
    found = {path.name: path.read_bytes() for path in folder.glob("out*") if path.is_file()}
    for path in folder.glob("out*.zip"):
        with zipfile.ZipFile(path) as archive:
            found |= {f"{path.name}/{name}": archive.read(name) for name in archive.namelist()}
    return found


def test_no_input_comes_out_of_any_format(portcheck: Command, tmp_path: Path, peers: dict[str, int], held: int) -> None:
    """Peers, certificates, a process, the environment, a profile, a site file and credentials: through check, report,
    compare and bundle."""
    (tmp_path / "login.toml").write_text(
        f'user = "{CANARY["credentialsuser"]}"\npassword = "{CANARY["credentialspassword"]}"\n'
    )
    (tmp_path / "login.toml").chmod(0o600)
    outputs = [part for form in ("json", "txt", "md", "csv", "html") for part in ("-o", f"out.{form}")]
    arguments = own_profile(tmp_path, peers, held)
    told: list[Ended] = [
        portcheck("check", *arguments, *outputs, "-v", "--credentials-file", "login.toml", **ENVIRONMENT)
    ]
    assert told[0].code == 1, told[0].err
    report = json.loads((tmp_path / "out.json").read_bytes())
    rows = {row["target_key"]: row for row in report["checks"]}
    # the canaries were really there
    assert rows["names"]["verdict"] == "pass"
    assert [one["name"] for one in rows["names"]["attempts"][0]["reply"]["names"]][1] == "user-" + rows["names"][
        "attempts"
    ][0]["reply"]["names"][1]["name"][5:]
    assert rows["web"]["attempts"][0]["reply"]["location"].startswith("http://[removed]@portal.test/")
    assert rows["push"]["attempts"][0]["tls"]["chain"][0]["subject"].count("user-") == 2
    assert "user-" in report["host"]["listeners"][0]["path"]
    assert set(report["host"]["proxies"]) == {"http_proxy", "https_proxy", "all_proxy", "no_proxy"}
    assert report["redaction"]["replaced"].keys() >= {"user", "secret", "mac", "serial"}
    for form in FORMATS:
        told.append(portcheck("report", "out.json", "--format", form, "-v"))
    told.append(portcheck("report", "out.json", "--lang", "es", "--ascii", "-q", "--rediagnose"))
    told.append(portcheck("report", "out.json", "--redact", "strict", "-o", "out-strict.html", "-o", "out-strict.json"))
    told.append(portcheck("compare", "out.json", "out-strict.json", "-v", "-o", "out-c.json"))
    told.append(portcheck("bundle", "out.json", "-o", "out.zip"))
    told.append(portcheck("check", *arguments, "--dry-run", **ENVIRONMENT))
    assert all(one.code in (0, 1) for one in told), [one for one in told if one.code not in (0, 1)]
    assert leaks(*(text for one in told for text in (one.out, one.err))) == set()
    assert {name: found for name, content in files(tmp_path).items() if (found := leaks(content))} == {}


def test_a_report_of_somebody_elses_is_cleaned_before_it_is_shown(portcheck: Command, tmp_path: Path) -> None:
    """As an older version, or a hand, may have written it; also where it says that it was redacted."""
    plain = json.loads((Path(__file__).parents[1] / "unit" / "reports" / "dropped.json").read_bytes())
    row = plain["checks"][0]
    row["note"] = f"password={CANARY['sitepassword']}"
    row["evidence"] = [
        {
            "kind": "otherwise",
            "reason": "X",
            "completed": True,
            "reply": {
                "any": {"deep": [f"/home/{CANARY['homeuser']}/x", MAC, {"k": f"token={CANARY['sitetoken']}"}]},
                f"pwd={CANARY['query']}": 1,
            },
        }
    ]
    row["attempts"][0]["transcript"] = {"first_bytes": f"user={CANARY['banneruser']} {MAC}".encode().hex()}
    row["attempts"][0]["reply"] = {"server": f"x\nAuthorization: Bearer {CANARY['bannertoken']}"}
    row["where"]["process"] = {
        "path": f"C:\\Users\\{CANARY['profileuser']}\\x.exe",
        "user": f"CORP\\{CANARY['nodeuser']}",
    }
    plain["causes"][0]["fixes"][0]["command"] = f"curl http://{CANARY['urluser']}:{CANARY['urlpassword']}@x/"
    plain["causes"][0]["params"]["name"] = f"user={CANARY['mailuser']}"
    plain["run"]["arguments"] += ["--ca-file", f"/Users/{CANARY['envuser']}/ca.pem"]
    plain["run"]["connect_to"] = {f"{CANARY['optionuser']}:{CANARY['optionpassword']}@x:80": "x:1"}
    plain["host"]["listeners"] = [
        {"transport": "tcp", "address": EUI64, "port": 1, "user": CANARY["promptuser"], "name": "x"}
    ]
    plain["host"]["firewall"] = {
        "ruleset": [{"rule": {"comment": f"secret: {CANARY['promptpassword']}", "expr": [MAC]}}]
    }
    plain["redaction"] = {"level": "strict", "replaced": {}}
    (tmp_path / "foreign.json").write_text(json.dumps(plain))
    told = [portcheck("report", "foreign.json", "--format", form, "-v") for form in FORMATS]
    told += [
        portcheck("report", "foreign.json", "--format", form, "-v", "--redact", "strict", "--rediagnose")
        for form in FORMATS
    ]
    told += [
        portcheck("compare", "foreign.json", "foreign.json", "-v"),
        portcheck("bundle", "foreign.json", "-o", "out.zip"),
    ]
    assert [one.code for one in told] == [0] * len(told), [one.err for one in told if one.code]
    assert leaks(*(text for one in told for text in (one.out, one.err))) == set()
    assert {name: found for name, content in files(tmp_path).items() if (found := leaks(content))} == {}


PAIR = f"{CANARY['optionuser']}:{CANARY['optionpassword']}"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--server", f"{PAIR}@protect"],
        ["--server", f"https://{PAIR}@protect/"],
        ["--server", "protect", "--proxy", f"{PAIR}@proxy:3128"],
        ["--server", "protect", "--proxy", f"http://{PAIR}@proxy:3128"],
        ["--server", "protect", "--proxy", f"{PAIR}@"],
        ["--server", "protect", "--mdc", f"{PAIR}@x"],
        ["--server", "protect", "--set", f"proxy={PAIR}@proxy"],
        ["--server", "protect", "--set", f"password={CANARY['optionpassword']}"],
        ["--server", "protect", "--set", f"{PAIR}@proxy"],
        ["--server", "protect", f"--password={CANARY['optionpassword']}"],
        ["--server", "protect", "--password", CANARY["optionpassword"]],
        ["--server", "protect", "--user", CANARY["optionuser"], "-p", CANARY["optionpassword"]],
        ["--server", "protect", "--credentials", f"{PAIR}"],
        ["--server", "protect", "--ask-credentials", CANARY["optionpassword"]],
        ["--server", "protect", "--realm", f"{PAIR}@X"],
        ["--server", "protect", "--target", f"{PAIR}@x"],
        ["--server", "protect", "--site", "site.toml"],
        ["--server", "protect", "--site", "pairs.toml"],
        ["--server", "protect", "--site", "broken.toml"],
        ["--server", "protect", "--site", "unknown.toml"],
        ["--server", "protect", "--profile", "profile.toml"],
        ["--server", "protect", "--credentials-file", "extra.toml"],
        ["--server", "protect", "--credentials-file", "open.toml"],
        ["--server", "protect", "--credentials-file", "bad.toml"],
        ["--server", "protect", "--redact", "strict", "--map", "map.json"],
    ],
)
def test_wrong_use_repeats_no_secret(portcheck: Command, tmp_path: Path, arguments: list[str]) -> None:
    contents = {
        "site.toml": f'proxy = "{CANARY["siteuser"]}:{CANARY["sitepassword"]}@proxy:3128"\n',
        "pairs.toml": f'[connect_to]\n"{CANARY["siteuser"]}:{CANARY["sitepassword"]}@x:80" = "{CANARY["siteuser"]}:{CANARY["sitepassword"]}@y:80"\n',
        "broken.toml": f"password = {CANARY['sitepassword']}\n",
        "unknown.toml": f'password = "{CANARY["sitepassword"]}"\n"token={CANARY["sitetoken"]}" = 1\n',
        "profile.toml": f'role = "x"\npassword = "{CANARY["profilepassword"]}"\nvalues = "token={CANARY["profilepassword"]}"\n',
        "extra.toml": f'user = "{CANARY["credentialsuser"]}"\npassword = "{CANARY["credentialspassword"]}"\npin = "{CANARY["credentialspassword"]}"\n',
        "open.toml": f'user = "{CANARY["credentialsuser"]}"\npassword = "{CANARY["credentialspassword"]}"\n',
        "bad.toml": f"user = {CANARY['credentialsuser']}\npassword = {CANARY['credentialspassword']}\n",
        "map.json": f'{{"kind": "{CANARY["mapfile"]}", "tables": {{}}}}',
    }
    for name, content in contents.items():
        (tmp_path / name).write_text(content)
        (tmp_path / name).chmod(0o644 if name == "open.toml" else 0o600)
    ended = portcheck("check", "--role", "agent", *arguments)
    assert (ended.code, ended.out) == (2, ""), ended.out
    assert leaks(ended.err) == set(), ended.err
    assert "Traceback" not in ended.err


def test_what_is_typed_at_the_prompt_is_shown_nowhere(tmp_path: Path) -> None:
    """On a terminal of its own: the user name is echoed as it is typed, by the terminal; the password is not, and the
    report has neither."""
    main, side = pty.openpty()
    command = [
        sys.executable,
        "-m",
        "eset_portcheck",
        "check",
        "--role",
        "deploy-source",
        "--target",
        "127.0.0.1",
        "--only",
        "*.tcp-445*",
        "--timeout",
        "1",
    ]
    outputs = [part for form in ("json", "txt", "md", "csv", "html") for part in ("-o", f"out.{form}")]
    process = subprocess.Popen(
        [*command, "--ask-credentials", *outputs],
        stdin=side,
        stdout=side,
        stderr=side,
        cwd=tmp_path,
        env=os.environ | {"TERM": "xterm"},
    )
    os.close(side)
    typed = {b"Account": f"CORP\\{CANARY['promptuser']}\n", b"Password": f"{CANARY['promptpassword']}\n"}
    seen = b""
    until = time.monotonic() + 200
    while time.monotonic() < until:
        if not select.select([main], [], [], 0.5)[0]:
            if process.poll() is not None:
                break
            continue
        try:
            seen += os.read(main, 65536)
        except OSError:  # the terminal's other end is closed
            break
        for question in [one for one in typed if one in seen]:
            os.write(main, typed.pop(question).encode())
    assert process.wait(60) == 1
    os.close(main)
    assert not typed
    assert leaks(seen) <= {"promptuser"}
    assert seen.count(CANARY["promptuser"].encode()) == 1, "once, by the terminal"
    assert {name: found for name, content in files(tmp_path).items() if (found := leaks(content))} == {}
    assert len(files(tmp_path)) == 5


FAULTS = {
    "host": "eset_portcheck.host.survey",
    "run": "eset_portcheck.running.Runner.run",
    "diagnose": "eset_portcheck.diagnose.conclude",
    "render": "eset_portcheck.render.table.compose",
    "redact": "eset_portcheck.redaction.always.Always.text",
}


@pytest.mark.parametrize("place", FAULTS)
def test_a_bug_of_ours_tells_its_place_and_no_value(tmp_path: Path, place: str) -> None:
    module, _, name = FAULTS[place].rpartition(".")
    script = f"""
import importlib, sys
where = {module!r}
try:
    owner = importlib.import_module(where)
except ImportError:
    head, _, last = where.rpartition(".")
    owner = getattr(importlib.import_module(head), last)
def broken(*arguments, **named):
    secret = {CANARY["exception"]!r}
    raise ValueError("cannot handle " + secret)
setattr(owner, {name!r}, broken)
sys.argv = ["eset-portcheck", "check", "--role", "agent", "--server", "127.0.0.1", "--set", "server_port=9", "--only", "agent.server.*", "--timeout", "1"]
from eset_portcheck.__main__ import main
sys.exit(main())
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False
    )
    assert done.returncode == 4, done.stderr
    assert leaks(done.stdout, done.stderr) == set()
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "word", [CANARY["argument"], f"token={CANARY['argument']}", f"deploy-source.target@{PAIR}.tcp-445"]
)
def test_explain_repeats_what_was_asked_and_nothing_else(portcheck: Command, word: str) -> None:
    """The one word that a user typed as the subject may be repeated: it is what is not found."""
    ended = portcheck("explain", word)
    assert ended.code in (0, 2)
    assert leaks(ended.out) == set()


def test_the_needles_find_what_they_are_for() -> None:
    value: Any = CANARY["query"]
    assert leaks(f"x{value.upper()}y", value.encode().hex(), base64.b64encode(f"ab{value}cd".encode()).decode()) == {
        "query"
    }
    assert leaks(value.encode("utf-16-le")) == {"query"}
    assert leaks("00-1B-5E-C0-FF-EE") == {"mac"}
