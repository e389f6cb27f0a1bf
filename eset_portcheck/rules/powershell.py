"""Openings for the Windows firewall. Allow rules: what the machine's default lets through already, they do not narrow.

Source: New-NetFirewallRule (NetSecurity module). Never run on Windows, see docs/windows.md.
"""

from collections.abc import Sequence

from eset_portcheck.rules import Needs, Opening, printable

GROUP = "eset-portcheck"
UNDO = f"Remove-NetFirewallRule -Group '{GROUP}'"
_TEXT_CHARACTERS = 200


def script(needed: Needs, head: Sequence[str]) -> str:
    """Lines end in CR LF. What an earlier one made goes first."""
    lines = [*(f"# {line}" for line in head), f"# Undo: {UNDO}", f"{UNDO} -ErrorAction SilentlyContinue", *map(_rule, needed.openings)]
    return "\r\n".join(lines) + "\r\n"


def _rule(one: Opening) -> str:
    here, there = ("Inbound", "-LocalPort") if one.inbound else ("Outbound", "-RemotePort")
    name = printable(f"{GROUP} {one.ids[0]}", _TEXT_CHARACTERS)
    what = printable(f"{', '.join(one.ids)}: {'; '.join(one.purposes)}", _TEXT_CHARACTERS)
    other = f" -RemoteAddress {','.join(one.addresses)}" if one.addresses else ""
    return (
        f"New-NetFirewallRule -DisplayName '{name}' -Group '{GROUP}' -Description '{what}' -Direction {here} -Action Allow"
        f" -Protocol {one.transport.upper()} {there} {one.port}{other} -Profile Any"
    )
