"""What a text in a report may hold, as far as privacy goes: said where the field is declared, so that redaction, schema
and tests read it there.

A text is written as one of the names below instead of `str`; for the type checker it is one. Numbers, switches and
closed sets of words need no name.
"""

from enum import StrEnum
from typing import Annotated, Any

from msgspec import Meta


class Privacy(StrEnum):
    """What is done: `always` to every report, `strict` on demand. Every text that is not a plain code is searched for
    secrets in any case."""

    NESTED = "nested"  # a structure with classes of its own
    CODE = "code"  # a number, a time, a word of a closed set or of ours: kept
    TEXT = "text"  # a profile's or our own words: strict replaces known names, and addresses
    PEER = "peer"  # what a peer said: strict keeps only words of known software
    ALGORITHM = "algorithm"  # names of algorithms that a peer offers
    PROCESS = "process"  # the name of a process: as TEXT, and searched for names of users
    COMMAND = "command"  # literal commands: as TEXT
    ARGUMENTS = "arguments"  # a command line, word by word
    HOST = "host"  # a host name, a domain, a realm or an address, perhaps with a port
    VIA = "via"  # the HTTP header of that name: protocol, host, comment
    DN = "distinguished-name"
    FINGERPRINT = "fingerprint"
    URL = "url"  # always without user, query and fragment; strict: without path
    PATH = "path"  # always without the user's name; strict: outside of the system's folders only the last part
    INTERFACE = "interface"
    USER = "user"  # always out
    BYTES = "bytes"  # hexadecimal
    CHECK_ID = "check-id"  # the @value in it is a host
    FACTS = "facts"  # a table of facts: classes by key, see redaction/facts.py
    RULES = "rules"  # the local firewall's, as read: as TEXT, comments out


def _of(privacy: Privacy) -> Meta:
    return Meta(extra={"privacy": privacy}, extra_json_schema={"x-privacy": privacy.value})


Code = Annotated[str, _of(Privacy.CODE)]
Text = Annotated[str, _of(Privacy.TEXT)]
PeerText = Annotated[str, _of(Privacy.PEER)]
Algorithm = Annotated[str, _of(Privacy.ALGORITHM)]
ProcessName = Annotated[str, _of(Privacy.PROCESS)]
Command = Annotated[str, _of(Privacy.COMMAND)]
HostText = Annotated[str, _of(Privacy.HOST)]
DistinguishedName = Annotated[str, _of(Privacy.DN)]
Fingerprint = Annotated[str, _of(Privacy.FINGERPRINT)]
Url = Annotated[str, _of(Privacy.URL)]
Path = Annotated[str, _of(Privacy.PATH)]
Via = Annotated[str, _of(Privacy.VIA)]
HexBytes = Annotated[str, _of(Privacy.BYTES)]
InterfaceName = Annotated[str, _of(Privacy.INTERFACE)]
User = Annotated[str, _of(Privacy.USER)]
CheckId = Annotated[str, _of(Privacy.CHECK_ID)]
Facts = Annotated[dict[str, Any], _of(Privacy.FACTS)]
Words = Annotated[dict[str, str], _of(Privacy.FACTS)]
RuleText = Annotated[str, _of(Privacy.RULES)]
Rules = Annotated[list[dict[str, Any]], _of(Privacy.RULES)]
Arguments = Annotated[list[str], _of(Privacy.ARGUMENTS)]
