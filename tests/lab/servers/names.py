"""dnsmasq: every name of the laboratory."""

from tests.lab.servers.service import Place, Service
from tests.lab.topology import DC, NAMES


def services(place: Place) -> list[Service]:
    folder = place.of("dnsmasq")
    lines = [
        "no-resolv", "no-hosts", "bind-interfaces", f"listen-address={DC}", "port=53", "user=root",
        "local=/lab.test/", "local=/eset.com/", "local=/eset.eu/", "local=/push.apple.com/", "local=/googleapis.com/", "local=/google.com/",
        "srv-host=_kerberos._udp.lab.test,dc.lab.test,88", "srv-host=_ldap._tcp.lab.test,dc.lab.test,389",
        *(f"host-record={','.join((name, *addresses))}" for name, addresses in NAMES.items()),
    ]  # fmt: skip
    # -d and not -k: it must neither fork nor drop its log
    argv = ["dnsmasq", "-d", "-x", str(folder / "pid"), "-C", str(folder / "conf")]
    return [Service("dnsmasq", "dc", argv, [("udp", DC, 53), ("tcp", DC, 53)], {"conf": "\n".join(lines) + "\n"})]
