"""What this host's rules do with a flow: allow, drop, reject, or cannot-tell. Pure: a ruleset in nft's JSON goes in,
nothing is sent.

Every packet that the flow needs walks through all base chains of its hooks, in the order of their priorities. A rule
that may or may not match splits the walk: all its ends are collected, and only if they agree is there a verdict. So
what cannot be evaluated is never "allow". An accept ends its own base chain and no other; a drop ends all; a
destination rewritten by a rule leads elsewhere, which is not followed.

Not seen here, as nft does not list them: XDP and tc programs, cgroup filters (systemd's IPAddressDeny), the kernel's
own reverse-path filter. Sources: nft(8) "CHAINS", "VERDICT STATEMENT", "NAT STATEMENTS"; libnftables-json(5).
"""

from typing import Any, NamedTuple

from eset_portcheck.packet_filter.flow import ALLOW, CANNOT_TELL, DROP, REJECT, Flow, Prediction
from eset_portcheck.packet_filter.matching import Truth, bare, every, keyed, matches
from eset_portcheck.packet_filter.packet import Packet, neighbours, packets
from eset_portcheck.packet_filter.rule_text import rule_text
from eset_portcheck.packet_filter.ruleset import Base, Key, Ruleset
from eset_portcheck.packet_filter.statements import applies, is_neutral, marks, may_miss, sets_zone

_HOOKS = {True: ("ingress", "prerouting", "input"), False: ("output", "postrouting", "egress")}
_BEFORE_CONNTRACK = -200  # NF_IP_PRI_CONNTRACK: earlier chains see no state
_DEPTH, _ENDS = 16, 64
_LEADS_AWAY = frozenset({"dnat", "redirect", "tproxy", "queue", "fwd", "synproxy"})


class RuleReference(NamedTuple):
    table: str
    chain: str
    handle: int | None
    text: str


class End(NamedTuple):
    """One possible end of a walk."""

    verdict: str
    reference: RuleReference


def predict(ruleset: Ruleset, flow: Flow) -> Prediction:
    """The one verdict of all packets that the flow needs. Raises ValueError for an address that is none.

    Where only questions for link addresses are stopped it is cannot-tell: they may be known already, and whoever was
    asked knows who asked.
    """
    ways: list[tuple[str, list[End]]] = []
    tracked: Truth = True
    for name, packet in packets(flow):
        if name in ("reply", "rest") and tracked is not True:
            extra = frozenset({"new", "invalid", "untracked"})
            packet = packet._replace(states=extra if tracked is False else packet.states | extra)
        walk = Walk(ruleset, packet)
        ways.append((name, walk.ends()))
        if name == "first":
            tracked = walk.tracked
    for name, ends in ways:
        if all(end.verdict in (DROP, REJECT) for end in ends):
            return _told(ends[0].verdict, ends[0].reference, name)
    for name, ends in [*ways, *((name, Walk(ruleset, packet).ends()) for name, packet in neighbours(flow))]:
        if any(end.verdict != ALLOW for end in ends):
            decisive = next(end for end in ends if end.verdict != ALLOW)
            return _told(
                CANNOT_TELL, decisive.reference, name, [f"{end.verdict}: {_line(end.reference)}" for end in ends[:4]]
            )
    return _told(ALLOW, ways[0][1][-1].reference, "first")


def _told(verdict: str, reference: RuleReference, packet: str, may: list[str] | None = None) -> Prediction:
    return Prediction(
        verdict,
        reference.text,
        reference.table,
        reference.chain,
        reference.handle,
        "" if packet == "first" else packet,
        may or [],
    )


def _line(reference: RuleReference) -> str:
    return f"{reference.table} {reference.chain}: {reference.text}".strip() if reference.table else reference.text


class Walk:
    """One packet through all hooks on its way. `tracked` False after a definite notrack, None after a possible one."""

    def __init__(self, ruleset: Ruleset, packet: Packet) -> None:
        self.ruleset = ruleset
        self.packet = packet
        self.tracked: Truth = True
        self._early = False
        self._reroutes = False  # in a chain of type route, where a mark makes the kernel look for another way

    def ends(self) -> list[End]:
        """All possible ends, those that stop the packet first; never empty."""
        stops: list[End] = []
        passed = RuleReference("", "", None, "no rule decides")
        for hook in _HOOKS[self.packet.arriving]:
            for base in self.ruleset.on(hook, self.packet):
                here = self._on_device(base)
                if here is False:
                    continue
                certain: Truth = here if base.certain else None
                ends = self._base(base)
                stops += [end for end in ends if end.verdict != ALLOW]
                accepted = [end.reference for end in ends if end.verdict == ALLOW]
                if not accepted and certain:
                    return _distinct(stops)
                if accepted and (accepted[0].handle is not None or passed.handle is None):
                    passed = accepted[0]
        return _distinct([*stops, End(ALLOW, passed)])

    def _on_device(self, base: Base) -> Truth:
        if base.hook not in ("ingress", "egress"):
            return True
        if not base.devices or self.packet.interface is None:
            return None
        # A bridge's, bond's or VLAN's packets come through another device first.
        return True if self.packet.interface in base.devices else None

    def _base(self, base: Base) -> list[End]:
        self._reroutes = base.kind == "route"
        self._early = unseen = base.hook == "ingress" or (
            base.hook in ("prerouting", "output") and base.priority < _BEFORE_CONNTRACK
        )
        packet = self.packet
        if unseen and self.tracked is not False:
            self.packet = packet._replace(states=frozenset({"invalid"} if self.tracked else {"invalid", "untracked"}))
        elif base.hook in ("prerouting", "output") and base.priority == _BEFORE_CONNTRACK:
            # Of two at one priority the later registered comes first.
            self.packet = packet._replace(states=packet.states | {"invalid"})
        ends, falls = self._chain(base.key, 0)
        if unseen and self.tracked is not False:
            self.packet = packet if self.tracked else packet._replace(states=packet.states | {"untracked"})
        elif base.priority == _BEFORE_CONNTRACK and self.tracked:
            self.packet = packet
        policy = RuleReference(f"{base.key[0]} {base.key[1]}", base.key[2], None, f"policy {base.policy}")
        if falls:
            ends.append(End(DROP if base.policy == "drop" else ALLOW, policy))
        return ends

    def _chain(self, key: Key, depth: int) -> tuple[list[End], bool]:
        """(ends within, may it fall through to whoever called)."""
        ends: list[End] = []
        if depth > _DEPTH or key not in self.ruleset.rules:
            return [End(CANNOT_TELL, RuleReference(f"{key[0]} {key[1]}", key[2], None, "chain not found"))], True
        leaves = False
        for rule in self.ruleset.rules[key]:
            self.ruleset.budget -= 1
            if self.ruleset.budget < 0 or len(ends) > _ENDS:
                return [
                    *ends,
                    End(CANNOT_TELL, RuleReference(f"{key[0]} {key[1]}", key[2], None, "too many rules")),
                ], True
            found, goes_on, returns = self._rule(key, rule, depth)
            ends += found
            leaves = leaves or returns
            if not goes_on:
                return ends, leaves
        return ends, True

    def _rule(self, key: Key, rule: dict[str, Any], depth: int) -> tuple[list[End], bool, bool]:
        """(ends, may the next rule be asked, may the packet return from this chain)."""
        truth: Truth = True
        statements = rule.get("expr") or []
        for one in statements:
            kind, what = next(iter(one.items())) if isinstance(one, dict) and len(one) == 1 else ("", one)
            if kind == "match" and isinstance(what, dict):
                truth = every((truth, matches(what, self.packet, self.ruleset.sets.get(key[:2], {}))))
            elif may_miss(kind, what):
                truth = None
            elif kind == "notrack":
                self._untrack(truth)
            elif sets_zone(kind, what):
                # The answer may be looked up in another zone, where nothing is known of the connection.
                self._untrack(None)
            elif not is_neutral(kind, what):
                truth = every((truth, applies(kind, what, self.packet)))
                if truth is False:
                    break
                reference = RuleReference(f"{key[0]} {key[1]}", key[2], rule.get("handle"), rule_text(statements))
                ends, goes_on, returns = self._verdict(kind, what, reference, depth)
                return ends, goes_on or truth is None, returns
            if truth is False:
                break
        if self._reroutes and truth is not False and any(marks(one) for one in statements):
            return (
                [
                    End(
                        CANNOT_TELL,
                        RuleReference(f"{key[0]} {key[1]}", key[2], rule.get("handle"), rule_text(statements)),
                    )
                ],
                True,
                False,
            )
        return [], True, False

    def _untrack(self, truth: Truth) -> None:
        if not self._early:
            return  # a packet that has its entry keeps it
        self.tracked = False if truth else None
        states = frozenset({"untracked"})
        self.packet = self.packet._replace(states=states if truth else self.packet.states | states)

    def _verdict(self, kind: str, what: Any, reference: RuleReference, depth: int) -> tuple[list[End], bool, bool]:
        """As _rule, for a statement that decides."""
        family, _, table = reference.table.partition(" ")
        match kind:
            case "accept" | "snat" | "masquerade":
                return [End(ALLOW, reference)], False, False
            case "drop" | "reject":
                return [End(kind, reference)], False, False
            case "return":
                return [], False, True
            case "continue":
                return [], True, False
            case "jump" | "goto" if isinstance(what, dict):
                ends, falls = self._chain((family, table, str(what.get("target"))), depth + 1)
                return (ends, falls, False) if kind == "jump" else (ends, False, falls)
            case "vmap" if isinstance(what, dict):
                return self._map(what, reference, depth)
            case "xt" if isinstance(what, dict) and what.get("name") == "REJECT":
                return [End(REJECT, reference)], False, False
        return [End(CANNOT_TELL, reference)], kind not in _LEADS_AWAY, False

    def _map(self, what: dict[str, Any], reference: RuleReference, depth: int) -> tuple[list[End], bool, bool]:
        family, _, table = reference.table.partition(" ")
        sets, source = self.ruleset.sets.get((family, table), {}), what.get("data")
        named = sets.get(source[1:]) if isinstance(source, str) else None
        pairs = named.elements if named else source.get("set", []) if isinstance(source, dict) else None
        if (
            not isinstance(pairs, list)
            or (named and named.filled_by_rules)
            or not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs)
        ):
            return [End(CANNOT_TELL, reference)], True, False
        ends: list[End] = []
        returns = goes = False
        # What matches nothing else comes last.
        for element, verdict in sorted(pairs, key=lambda pair: bool(bare(pair[0])[0] == "*")):
            truth = keyed(what.get("key"), element, self.packet, sets)
            if truth is False or not isinstance(verdict, dict) or len(verdict) != 1:
                continue
            ((kind, inner),) = verdict.items()
            found, on, out = self._verdict(kind, inner, reference, depth)
            ends, returns, goes = [*ends, *found], returns or out, goes or on
            if truth:
                return ends, goes, returns
        return ends, True, returns


def _distinct(ends: list[End]) -> list[End]:
    return list(dict.fromkeys(ends))
