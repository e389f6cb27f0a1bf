"""Who makes certificates on the way, by the name in the issuer: products that decrypt TLS, on this machine or in the
network. A name is a claim; it makes nothing more than likely. Pure.

Source: docs/sources.md#authorities-of-inspecting-products.
"""

from typing import NamedTuple

from eset_portcheck.model.observation import TlsFacts


class Inspector(NamedTuple):
    """`issuer`: words in the issuer's distinguished name, lower case. `here`: it runs on the machine itself."""

    issuer: str
    product: str
    here: bool = False


KNOWN = (
    Inspector("eset ssl filter ca", "ESET SSL/TLS filter", here=True),
    Inspector("kaspersky anti-virus personal root", "Kaspersky", here=True),
    Inspector("avast web/mail shield", "Avast", here=True),
    Inspector("avast! web/mail shield", "Avast", here=True),
    Inspector("avg web/mail shield", "AVG", here=True),
    Inspector("norton web/mail shield", "Norton", here=True),
    Inspector("bitdefender personal ca", "Bitdefender", here=True),
    Inspector("do_not_trust_fiddler", "Fiddler", here=True),
    Inspector("charles proxy", "Charles", here=True),
    Inspector("portswigger ca", "Burp Suite"),
    Inspector("mitmproxy", "mitmproxy"),
    Inspector("zscaler", "Zscaler"),
    Inspector("o=fortinet", "FortiGate"),
    Inspector("fortigate ca", "FortiGate"),
    Inspector("netskope", "Netskope"),
    Inspector("goskope.com", "Netskope"),
    Inspector("cisco umbrella", "Cisco Umbrella"),
    Inspector("gateway ca - cloudflare managed", "Cloudflare Gateway"),
    Inspector("sophos ssl ca", "Sophos Firewall"),
    Inspector("fireware https proxy", "WatchGuard Firebox"),
    Inspector("sonicwall firewall dpi-ssl", "SonicWall"),
    Inspector("forcepoint cloud ca", "Forcepoint"),
)


def inspector_of(tls: TlsFacts) -> Inspector | None:
    """The product that the leaf's issuer, or an authority that was sent, names itself after."""
    named = [one.issuer.lower() for one in tls.chain[:3]]
    return next((one for one in KNOWN if any(one.issuer in name for name in named)), None)


def named_here(issuer: str) -> bool:
    """Is it a product of this machine?"""
    return any(one.here and one.issuer in issuer.lower() for one in KNOWN)
