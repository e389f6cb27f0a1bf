"""What is said beside the rules: what each is for, where it is wider than needed and why, what was left out. One line
each, plain ASCII. Pure.

Files of rules are read by shells, editors and consoles of unknown encoding, so Spanish loses its accents here.
"""

from collections.abc import Callable, Iterable, Sequence

from eset_portcheck.rules import UNRESOLVED, Needs, Opening
from eset_portcheck.texts.language import message, plain
from eset_portcheck.texts.shell import posix

Say = Callable[[str], str]
Chain = tuple[str, str, str, str, str]  # family, table, name, hook, tool: "nft" or one of iptables' kinds
NOTE_CHARACTERS = 400
_LEFT_OUT = {
    "ADVISORY": message("not opened, because the proxy is used: {row} (--all opens it)"),
    "BEYOND_PAGE": message("not opened, because it is not on ESET's page: {row} (--all opens it)"),
    "VALUE_MISSING": message("not opened, because its host is not given: {row}"),
    "NO_RULE": message("not asked for, because no firewall rule mends it: {row}"),
    UNRESOLVED: message("NOT OPENED, because its name does not resolve here: {row}"),
}


def note(text: str, limit: int = NOTE_CHARACTERS) -> str:
    """One line of ASCII without controls, and without a backslash at its end, which could join it to the next line."""
    safe = "".join(sign if sign.isascii() and sign.isprintable() else "?" for sign in plain(text))
    safe = safe if len(safe) <= limit else safe[: limit - 2] + ".."
    return safe[:-1] + "?" if safe.endswith("\\") else safe


def purpose(one: Opening, say: Say) -> str:
    """The row's id and what it is for."""
    purposes = "; ".join(say(each) for each in one.purposes)
    return f"{', '.join(one.ids)}: {purposes}" if one.ids else purposes


def width(one: Opening, say: Say, *, by_name: bool = False) -> list[str]:
    """Where a rule opens more, or may come to open less, than the role needs. `by_name`: whoever reads it can do
    something with names."""
    if one.inbound:
        lines = [] if one.addresses else [say("from any address (--from narrows it)")]
    elif one.resolves:
        lines = (
            []
            if one.addresses
            else [say("to any address, wider than needed: the DNS servers are not known here (--resolver narrows it)")]
        )
    elif not one.addresses and by_name:
        lines = [say("by name; --resolve adds its current addresses")]
    elif not one.addresses:
        lines = [
            say("to any address, wider than needed: a packet filter cannot use the name {name} (--resolve narrows it)")
        ]
    elif one.name in one.addresses:
        lines = []
    else:
        lines = [say("current addresses of {name}; they may change")]
    if one.redirects and (one.addresses or by_name):
        lines.append(say("{name} may redirect to other hosts in {domains}; these are not opened"))
    return [line.format(name=one.name, domains=", ".join(one.redirects)) for line in lines]


def head(needed: Needs, made_by: str, here: str, say: Say) -> list[str]:
    """First lines of a file of rules. `made_by`: program, roles and their versions; `here`: this machine."""
    inward = sum(one.inbound for one in needed.openings)
    lines = [
        made_by,
        say("for {host}: {inward} inbound rules, {outward} outbound rules").format(
            host=here, inward=inward, outward=len(needed.openings) - inward
        ),
        *left_out(needed, say),
    ]
    return [note(line) for line in lines]


def left_out(needed: Needs, say: Say) -> Iterable[str]:
    """Rows that somebody may miss; those that do not apply are nobody's business."""
    return [say(_LEFT_OUT[why]).format(row=row) for row, why in needed.left_out if why in _LEFT_OUT]


def no_rule(say: Say) -> str:
    return note(say("no firewall rule mends it"))


def present(chains: Sequence[Chain], say: Say) -> list[str]:
    """What a filter of our own has beside it on this machine, and where the rules belong then."""
    if not chains:
        return []
    told = ", ".join(" ".join(chain[:3]) for chain in chains)
    lines = [
        say("this machine already has chains that block traffic: {chains}. They still block it").format(chains=told)
    ]
    for family, table in dict.fromkeys((chain[0], chain[1]) for chain in chains if chain[4] == "nft"):
        inward, outward = (
            [chain[2] for chain in chains if chain[:2] == (family, table) and chain[3] == hook]
            for hook in ("input", "output")
        )
        if len(inward) < 2 and len(outward) < 2:
            where = " ".join((family, table, *(inward[:1] or "-"), *(outward[:1] or "-")))
            lines.append(
                say("to add the rules to them instead: {option}").format(option=posix("--into {where}", where=where))
            )
    if any(chain[4] != "nft" for chain in chains):
        lines.append(say("change iptables chains only with iptables: it misreads rules that other tools wrote"))
    return [note(line) for line in lines]
