"""nginx, nghttpd and openssl s_server: ESET PROTECT's TLS ports, the repository, a portal, an interceptor, Apple and
Google.

ESET PROTECT's own ports are stand-ins here (there is no ESET PROTECT to be had): TLS with an optional or a demanded
client certificate is all that a check without a peer certificate ever sees of the real one.
"""

from tests.lab.servers.service import Place, Service
from tests.lab.topology import (
    INTERCEPTOR,
    INTERNET,
    PORTAL,
    PUSH_WRONG_NAME,
    SERVER,
    SERVER_MTLS12,
    SERVER_MTLS13,
    WEB,
    v6,
)

AGENT_PORTS = (2222, 2223)
OTHER_PORTS = (9977, 9978, 9980, 9981)
STREAM_PORTS = (5223, 2195, 2196, 5228, 5229, 5230)
INTERCEPTED = ((8883, INTERNET), (443, INTERNET), (2222, SERVER))


def services(place: Place) -> list[Service]:
    apple = ["nghttpd", "-a", INTERNET, "-d", str(place.of("nghttpd")), "2197", *reversed(place.pair("good"))]
    return [
        _nginx(place, "nginx-server", "server", _server_side(place), [("tcp", SERVER, port) for port in (*AGENT_PORTS, *OTHER_PORTS)]),
        _nginx(
            place, "nginx-inet", "inet", _internet_side(place), [("tcp", INTERNET, 80), ("tcp", INTERNET, 5223), ("tcp", INTERCEPTOR, 8883)],
            {"www/v1/info.meta": "type: repository stand-in\n"},
        ),
        Service("nghttpd", "inet", apple, [("tcp", INTERNET, 2197)], {"index.html": "apns\n"}),
        *(_demanding(place, name, address, version) for name, address, version in (
            ("mtls13", SERVER_MTLS13, "-tls1_3"), ("mtls12", SERVER_MTLS12, "-tls1_2"))),
    ]  # fmt: skip


def _demanding(place: Place, name: str, address: str, version: str) -> Service:
    """Insists on a client certificate, as ESET PROTECT does: the alert comes in (1.2) or after (1.3) the handshake."""
    certificate, key = place.pair("good")
    argv = ["openssl", "s_server", "-accept", f"{address}:2222", "-cert", certificate, "-key", key, "-CAfile", str(place.ca),
            "-Verify", "2", "-verify_return_error", version, "-www", "-quiet"]  # fmt: skip
    return Service(name, "server", argv, [("tcp", address, 2222)])


def _nginx(
    place: Place,
    name: str,
    node: str,
    body: str,
    ready: list[tuple[str, str, int]],
    files: dict[str, str] | None = None,
) -> Service:
    folder = place.of(name)
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind}; " for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    conf = (
        f"daemon off;\nuser root;\nworker_processes 1;\npid {folder}/pid;\nerror_log {folder}/error.log info;\n"
        "load_module /usr/lib/nginx/modules/ngx_stream_module.so;\nevents { worker_connections 256; }\n"
    ) + body.replace("http {", f"http {{ access_log {folder}/access.log; {temporary}\n")
    argv = ["nginx", "-c", str(folder / "conf"), "-p", str(folder), "-e", str(folder / "error.log")]
    return Service(name, node, argv, ready, {"conf": conf, **(files or {})})


def _tls(place: Place, address: str, port: int, certificate: str = "good", more: str = "") -> str:
    file, key = place.pair(certificate)
    where = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    return (
        f"server {{ listen {where} ssl http2; ssl_certificate {file}; ssl_certificate_key {key}; ssl_protocols TLSv1.2 TLSv1.3; {more}"
        ' location / { return 200 "ok\\n"; } }\n'
    )


def _server_side(place: Place) -> str:
    optional = f"ssl_verify_client optional; ssl_client_certificate {place.ca};"
    return "http {" + "".join([
        *(_tls(place, address, port, "big", optional) for address in (SERVER, v6("server", 2)) for port in AGENT_PORTS),
        *(_tls(place, SERVER, port) for port in OTHER_PORTS),
        f'server {{ listen {SERVER}:80; location / {{ return 200 "not eset protect\\n"; }} }}\n',
    ]) + "}\n"  # fmt: skip


def _internet_side(place: Place) -> str:
    good, rogue = place.pair("good"), place.pair("mitm")
    http = "http {" + "".join([
        f"server {{ listen {INTERNET}:80; root {place.of('nginx-inet')}/www; location = / {{ return 404; }} }}\n",
        f"server {{ listen {PORTAL}:80 default_server; location / {{ return 302 http://portal.lab.test/login?u=$uri; }} }}\n",
        f"server {{ listen {PORTAL}:8080; location / {{ default_type text/html; return 200 '<html><title>Sign in</title></html>'; }} }}\n",
        f"server {{ listen {PORTAL}:8081; location / {{ return 451 'blocked by policy\\n'; }} }}\n",
        f"server {{ listen {PORTAL}:8082; location / {{ return 511; }} }}\n",
        f"server {{ listen {PORTAL}:8083; location / {{ return 200; }} }}\n",
        f"server {{ listen {PORTAL}:8084; location / {{ default_type text/plain; return 200 'Blocked: file sharing\\n'; }} }}\n",
        f"server {{ listen {PORTAL}:8085; location / {{ default_type application/json; return 200 '{{\"blocked\": true}}'; }} }}\n",
        f"server {{ listen {PORTAL}:8086; location / {{ empty_gif; }} }}\n",
        f'server {{ listen {WEB}:80; location / {{ return 200 "[HOSTS]\\nOther=update.lab.test\\n"; }} }}\n',
        _tls(place, WEB, 443),
        _tls(place, PUSH_WRONG_NAME, 443, "wronghost"),
    ]) + "}\n"  # fmt: skip
    stream = [
        f'server {{ listen {INTERNET}:{port} ssl; ssl_certificate {good[0]}; ssl_certificate_key {good[1]}; return ""; }}\n'
        for port in STREAM_PORTS
    ] + [
        f"server {{ listen {INTERCEPTOR}:{port} ssl; ssl_certificate {rogue[0]}; ssl_certificate_key {rogue[1]}; "
        f"proxy_ssl on; proxy_pass {address}:{port}; }}\n"
        for port, address in INTERCEPTED
    ]
    return http + "stream {\n" + "".join(stream) + "}\n"
