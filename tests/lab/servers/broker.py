"""mosquitto: ESET's push service. Open on 8883 and 443 (and IPv6), password only, and one address for each bad
certificate."""

from pathlib import Path

from tests.lab.servers.service import Place, Service, command
from tests.lab.topology import INTERNET, PASSWORD, PUSH_EXPIRED, PUSH_PASSWORD, PUSH_WRONG_NAME, v6


def services(place: Place) -> list[Service]:
    folder = place.of("mosquitto")

    def listener(port: int, address: str, certificate: str = "good", *, anonymous: bool = True) -> str:
        file, key = place.pair(certificate)
        allow = "allow_anonymous true" if anonymous else f"allow_anonymous false\npassword_file {folder}/passwd"
        return f"listener {port} {address}\ncertfile {file}\nkeyfile {key}\n{allow}\n"

    conf = "per_listener_settings true\nuser root\nlog_dest stderr\nlog_type all\n" + "".join([
        listener(8883, INTERNET), listener(443, INTERNET), listener(8883, v6("inet", 2)), listener(443, v6("inet", 2)),
        listener(8883, PUSH_PASSWORD, anonymous=False), listener(8883, PUSH_EXPIRED, "expired"), listener(8883, PUSH_WRONG_NAME, "wronghost"),
        listener(8884, PUSH_EXPIRED, "notyet"), listener(8885, PUSH_EXPIRED, "soon"),
    ])  # fmt: skip
    ready = [
        ("tcp", INTERNET, 8883),
        ("tcp", INTERNET, 443),
        ("tcp", v6("inet", 2), 8883),
        ("tcp", PUSH_PASSWORD, 8883),
        ("tcp", PUSH_EXPIRED, 8885),
    ]
    return [
        Service(
            "mosquitto", "inet", ["mosquitto", "-c", str(folder / "conf")], ready, {"conf": conf},
            prepare=_passwords, needs=("mosquitto", "mosquitto_passwd"),
        )
    ]  # fmt: skip


def _passwords(folder: Path) -> None:
    (folder / "passwd").touch(mode=0o600)
    command(["mosquitto_passwd", "-b", str(folder / "passwd"), "agent", PASSWORD])
