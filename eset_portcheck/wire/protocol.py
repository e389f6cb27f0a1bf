"""What a protocol is to this program: one descriptor, from which planning, dialling, evidence, diagnosis and the pages
take all that they need to know.

A new protocol is one file with one `PROTOCOL = Protocol(...)` in it (docs/adding-a-protocol.md), and a row of a profile
that names it.
"""

from collections.abc import Callable, Mapping

import msgspec

from eset_portcheck.model.reasons import ReasonCode
from eset_portcheck.wire.conversation import Conversation, Facts, Meaning, Peer

# Reasons that every conversation on a connection can end with, in the order in which `explain` lists them.
SPOKEN: tuple[ReasonCode, ...] = (
    "PROTOCOL_REPLY",
    "WRONG_PROTOCOL",
    "NO_REPLY",
    "CLOSED_BEFORE_REPLY",
    "RESET_AFTER_ACCEPT",
    "PMTU_BLACKHOLE",
)
LABEL_CHARACTERS = 8


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """How a conversation begins: what dialling needs of a protocol, or of its alternative opening."""

    converse: Callable[[Peer], Conversation]
    encrypted: bool = False  # a TLS stage comes before it
    alpn: tuple[str, ...] = ()  # offered in that TLS stage; the `alpn` of a requirement wins


class AlternativeOpening(Opening, frozen=True, kw_only=True):
    """Another beginning of the same protocol, spoken on a connection of its own when the peer cut our first words.

    What comes of it is evidence: when it completes, `reason` is told as a finding beside the failure. `after`: what the
    peer had said before it cut us.
    """

    reason: ReasonCode
    after: bytes = b""


class Continuation(Opening, frozen=True, kw_only=True):
    """What is tried on a connection of its own once the conversation has ended well, where its facts make it `wanted`:
    it never decides. Its facts are evidence, and so is the certificate that it shows."""

    wanted: Callable[[Facts], bool]


class Protocol(Opening, frozen=True, kw_only=True):
    """`interpret` says what the facts of a finished conversation prove.

    one_way            nothing ever answers: nothing is sent
    silent             nothing is said after the connection (or after TLS): who it is shows in the certificate alone
    single_probe       a second connection in the same run would do harm: no evidence connections, no control
    connections needs_realm        a Kerberos realm is looked up for it when none was given
    speaks_to_proxy    it is itself the conversation with an HTTP proxy: no CONNECT before it
    own_signatures     names in wire/recognise under which this service is known by its first bytes
    second_client      module of sessions/ that speaks it once more with --deep
    label              the word in the line of stages, 8 characters at most; empty: the name
    openings           other beginnings, tried as evidence
    continuation       what is tried afterwards, as evidence
    possible_reasons   codes that the conversation can end with, for `explain`
    checked            what is done, one or two sentences, by language ("en" is needed)
    """

    name: str
    interpret: Callable[[Facts], Meaning]
    checked: Mapping[str, str]
    one_way: bool = False
    silent: bool = False
    single_probe: bool = False
    needs_realm: bool = False
    speaks_to_proxy: bool = False
    own_signatures: tuple[str, ...] = ()
    second_client: str = ""
    label: str = ""
    openings: tuple[AlternativeOpening, ...] = ()
    continuation: Continuation | None = None
    possible_reasons: tuple[ReasonCode, ...] = SPOKEN

    def __post_init__(self) -> None:
        if len(self.label) > LABEL_CHARACTERS or not self.label.isascii():
            raise ValueError(f"label: more than {LABEL_CHARACTERS} characters, or not ASCII")
        if "en" not in self.checked:
            raise ValueError("checked: no sentence in English")


def nothing_said(_peer: Peer) -> Conversation:
    """The conversation of a protocol in which no word is spoken."""
    yield from ()
    return {}
