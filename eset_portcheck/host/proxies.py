"""Every proxy that this machine knows of, by where it is set: environment, service units, Windows' two settings, PAC by
its address alone (never run).

User names and passwords in them are dropped here, before anything is kept; that there were some is told.
Sources: curl's manual, "Environment" (names, no_proxy); systemd.exec(5), "Environment="; Microsoft, WinINET registry
settings (ProxyEnable, ProxyServer, ProxyOverride, AutoConfigURL); WinHttpSettings as `netsh winhttp set proxy` writes
it (no document; a version, a counter, flags, two counted texts).
"""

import re
import struct
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from eset_portcheck.host.disk import Disk
from eset_portcheck.model.addresses import bracketed, host_port
from eset_portcheck.model.host import ProxySource
from eset_portcheck.model.site import SiteError, host_name

_NAMES = ("http_proxy", "https_proxy", "all_proxy")
_SCHEMES = dict(zip(("http", "https", "socks"), _NAMES, strict=True))
_BYPASSES = 64
_TEXT = 4096
_ASSIGNED = re.compile(r"""^\s*(?:export\s+)?([A-Za-z_]{1,20})\s*=\s*("[^"]*"|'[^']*'|\S*)""", re.MULTILINE)
_UNIT_ASSIGNED = re.compile(r"""["']?\b((?:https?|all|no)_proxy)=([^"'\s]*)""", re.IGNORECASE)
WININET = r"Software\Microsoft\Windows\CurrentVersion\Internet Settings"  # under HKEY_CURRENT_USER
WINHTTP = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Internet Settings\Connections"  # under HKEY_LOCAL_MACHINE


def proxy_address(url: str) -> tuple[str, bool]:
    """(host:port of a proxy URL, were there credentials). Empty where there is no usable host."""
    try:
        parts = urlsplit(url if "://" in url else f"//{url}")
        host, port = parts.hostname or "", parts.port
        name = host_name(host, "") if host else ""
    except (ValueError, SiteError):
        return "", "@" in url
    return (host_port(name, port) if port and name else bracketed(name)), "@" in url


def of_names(values: Mapping[str, str], source: str, scope: str) -> list[ProxySource]:
    """From http_proxy, https_proxy, all_proxy and no_proxy, in either case; the lower-case one wins."""
    told = {name.lower(): value for name, value in sorted(values.items(), key=lambda one: one[0].islower())}
    bypass = split(told.get("no_proxy", ""), ",")
    found = []
    for name in _NAMES:
        proxy, secret = proxy_address(told.get(name, "")[:_TEXT].strip())
        if proxy:
            found.append(ProxySource(source, name, proxy, bypass, scope=scope, credentials=secret))
    return found


def split(text: str, mark: str) -> list[str]:
    """A list of exceptions; only what may be a host, a pattern or a network stays."""
    parts = re.split(rf"[{mark}\s]+", text[:_TEXT])
    return [part for part in parts if re.fullmatch(r"[A-Za-z0-9_.:*/<>\[\]-]{1,255}", part)][:_BYPASSES]


def linux(disk: Disk, units: Iterable[str]) -> list[ProxySource]:
    """/etc/environment, and what the units of installed components set for their own processes."""
    assigned = {name: value.strip("\"'") for name, value in _ASSIGNED.findall(disk.text("/etc/environment"))}
    found = of_names(assigned, "/etc/environment", "sessions")
    for unit in units:
        for path in [f"/etc/systemd/system/{unit}.service", *disk.glob(f"/etc/systemd/system/{unit}.service.d/*.conf")]:
            lines = [line for line in disk.text(path).splitlines() if line.lstrip().startswith("Environment=")]
            values = {name: value for line in lines for name, value in _UNIT_ASSIGNED.findall(line)}
            found += of_names(values, path, "component")
    return found


def wininet(values: Mapping[str, Any]) -> list[ProxySource]:
    """The settings of the user who runs this, from the registry's Internet Settings."""
    pac = values.get("AutoConfigURL")
    bypass = split(str(values.get("ProxyOverride") or ""), ";")
    found = []
    if values.get("ProxyEnable") == 1:
        found = _by_scheme(str(values.get("ProxyServer") or ""), bypass, "WinINET", "user")
    if isinstance(pac, str) and pac:
        found.append(ProxySource("WinINET", "AutoConfigURL", pac=_pac(pac), scope="user", credentials="@" in pac))
    return found


def winhttp(blob: object) -> list[ProxySource]:
    """What services see: WinHttpSettings. A blob that is cut, or of another form, tells nothing."""
    if not isinstance(blob, bytes) or len(blob) < 16:
        return []
    flags = struct.unpack_from("<I", blob, 8)[0]
    texts, at = [], 12
    for _ in range(2):
        if at + 4 > len(blob):
            break
        length = struct.unpack_from("<I", blob, at)[0]
        texts.append(blob[at + 4 : at + 4 + length].decode("ascii", "replace") if length <= len(blob) - at - 4 else "")
        at += 4 + length
    if not flags & 2 or not texts:  # 1 is direct, 2 a proxy
        return []
    return _by_scheme(texts[0], split(texts[1] if len(texts) > 1 else "", ";"), "WinHTTP", "services")


def _by_scheme(text: str, bypass: list[str], source: str, scope: str) -> list[ProxySource]:
    """`host:port`, or `http=host:port;https=host:port`."""
    found = []
    for part in re.split(r"[;\s]+", text[:_TEXT])[:8]:
        scheme, sign, url = part.partition("=")
        name = _SCHEMES.get(scheme.lower(), "") if sign else "all_proxy"
        proxy, secret = proxy_address(url if sign else part)
        if name and proxy:
            found.append(ProxySource(source, name, proxy, bypass, scope=scope, credentials=secret))
    return found


def _pac(url: str) -> str:
    """The address of a script without credentials and question; of a file, only that it is one."""
    if url.lower().startswith("file:"):
        return "file"
    proxy, _ = proxy_address(url)
    try:
        path = urlsplit(url if "://" in url else f"//{url}").path if proxy else ""
    except ValueError:
        return proxy
    shown = re.sub(r"[^A-Za-z0-9_./~%-]", "_", path)
    return f"{proxy}{shown}"[:255]
