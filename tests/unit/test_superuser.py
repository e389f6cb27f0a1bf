"""Who can see the owners of all sockets is called by the name that this machine's system has for it."""

import msgspec
import pytest

from eset_portcheck.diagnose import diagnose
from eset_portcheck.model.host import Host, Listening, LocalFirewall
from eset_portcheck.model.report import Report
from eset_portcheck.model.vocabulary import Direction, Phase, Proof, Verdict
from eset_portcheck.render import FORMATS
from tests.unit.rows import row
from tests.unit.sample_reports import load

SYSTEMS = {
    "windows": ({"name": "Windows", "release": "2022Server"}, "administrator", "administrador"),
    "linux": ({"name": "Linux", "release": "6.1"}, "root", "root"),
    "unknown": ({}, "root or administrator", "root o administrador"),
}


def hidden(os: dict[str, str], user: str | None, firewall: str) -> Report:
    """One inbound row whose port somebody holds, nobody sees who."""
    rules = msgspec.convert({"predictions": {"in/tcp/2222": {"verdict": firewall, "rule": "x"}}}, LocalFirewall)
    host = Host(os=os, listeners=[Listening("tcp", "0.0.0.0", 2222, user=user)], firewall=rules)
    one = row(
        id="server.listen.tcp-2222",
        role="server",
        direction=Direction.INBOUND,
        target="this-host",
        target_key="listen",
        required=Proof.ACCEPTS,
        trust=None,
    )
    checks, causes, summary = diagnose([one], host, Phase.POST)
    return msgspec.structs.replace(load("ready"), checks=checks, host=host, causes=causes, summary=summary)


@pytest.mark.parametrize("form", ["table", "md", "html"])
@pytest.mark.parametrize("user", [None, "eset"])
@pytest.mark.parametrize("firewall", ["allow", "drop"])
@pytest.mark.parametrize("name", SYSTEMS)
def test_whoever_may_see_the_owner_has_the_name_of_this_system(
    form: str, user: str | None, firewall: str, name: str
) -> None:
    os, english, spanish = SYSTEMS[name]
    report = hidden(os, user, firewall)
    assert report.checks[0].verdict is (Verdict.FAIL if firewall == "drop" else Verdict.UNPROVEN)
    said = " ".join(FORMATS[form](report, width=200, verbose=True).decode().replace("│", " ").split())
    assert f"run as {english} to see" in said
    assert said.count("run as root to see") == (said.count("run as") if english == "root" else 0)
    other = " ".join(FORMATS[form](report, width=200, verbose=True, language="es").decode().split())
    assert f"ejecute como {spanish} para ver" in other
