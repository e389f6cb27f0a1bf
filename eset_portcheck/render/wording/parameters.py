"""What the parameters of findings are called, and the words among their values. What stands in no table is shown as the
code that it is."""

import re
from collections.abc import Iterator
from typing import Any

from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.text import COMMAND
from eset_portcheck.texts.language import message

_MANY = 5  # values of a list
_NAME, _VALUE = 40, 80  # characters
PARAMETER = {
    "accepted": message("SMB accepted"),
    "accepted_ttl": message("accepted with hop limit {value}"),
    "accuracy_s": message("accurate to {value} s"),
    "action": message("decision {value}"),
    "address": message("address {value}"),
    "addresses": message("bound to {value}"),
    "alert": message("TLS alert {value}"),
    "answer": message("answer: {value}"),
    "answers_on": message("the same address answers on {value}"),
    "attempts": message("attempts {value}"),
    "asked": message("query {value}"),
    "body_bytes": message("{value} bytes of content"),
    "capabilities": message("capabilities {value}"),
    "client": message("client {value}"),
    "code": message("code {value}"),
    "component": message("component {value}"),
    "connect_s": message("connected after {value} s"),
    "configured": message("configured for {value}"),
    "content_type": message("content {value}"),
    "content": message("it is {value}"),
    "control_ttl": message("other answers with hop limit {value}"),
    "date": message("its time {value}"),
    "days": message("days left {value}"),
    "dialect": message("dialect {value}"),
    "dns": message("DNS says {value}"),
    "encrypted": message("encrypted"),
    "encryption": message("encryption {value}"),
    "encryption_types": message("encryption types {value}"),
    "direction": message("direction {value}"),
    "errno": message("error number {value}"),
    "error": message("error {value}"),
    "failed": message("failed {value}"),
    "family": message("address family {value}"),
    "firewall": message("firewall {value}"),
    "gateway": message("gateway {value}"),
    "group": message("group {value}"),
    "guest": message("logged in as a guest"),
    "hello_bytes": message("first message of {value} bytes"),
    "hops": message("hops {value}"),
    "host_key": message("host key {value}"),
    "host_key_sha256": message("host key sha256 {value}"),
    "inspector": message("known inspection product: {value}"),
    "hosts_file": message("the hosts file holds this name"),
    "install": message("install with {value}"),
    "interface": message("interface {value}"),
    "interval": message("between {value}"),
    "issuer": message("issuer {value}"),
    "limit_s": message("tolerated {value} s"),
    "listener": message("listener {value}"),
    "listens": message("the component listens on {value}"),
    "location": message("points to {value}"),
    "log_on": message("login {value}"),
    "logon_status": message("login {value}"),
    "meaning": message("meaning: {value}"),
    "message": message("message {value}"),
    "missing_issuer": message("certificate of its issuer not sent: {value}"),
    "name": message("name {value}"),
    "names": message("names {value}"),
    "neighbour": message("link address: {value}"),
    "netbios_session": message("NetBIOS session {value}"),
    "not_after": message("valid until {value}"),
    "not_before": message("valid from {value}"),
    "openssl": message("OpenSSL says {value}"),
    "os": message("the operating system says {value}"),
    "os_after_s": message("resolved after {value} s"),
    "package": message("package {value}"),
    "path": message("path {value}"),
    "pid": message("process {value}"),
    "plugin": message("login method {value}"),
    "plugin_asked": message("login method {value}"),
    "process": message("program {value}"),
    "problem": message("problem {value}"),
    "proxies": message("proxies set here: {value}"),
    "proxy_authenticate": message("login methods {value}"),
    "realm": message("realm {value}"),
    "realm_asked": message("requested realm {value}"),
    "reason": message("reason {value}"),
    "received_bytes": message("{value} bytes received"),
    "refusal": message("refusal {value}"),
    "refused_ttl": message("refused with hop limit {value}"),
    "repeated_syns": message("SYNs sent again: {value}"),
    "result": message("result {value}"),
    "result_name": message("result {value}"),
    "rule": message("rule {value}"),
    "segment_bytes": message("segments of {value} bytes"),
    "self_signed": message("self-signed"),
    "server": message("server {value}"),
    "server_time_utc": message("its time {value}"),
    "servers": message("DNS servers: {value}"),
    "service": message("recognised: {value}"),
    "session_present": message("old session present"),
    "settings": message("settings {value}"),
    "sha256": message("sha256 {value}"),
    "signed": message("signed"),
    "signing": message("signing {value}"),
    "silent_connection": message("a second connection without data: {value}"),
    "skew_accuracy_s": message("accurate to {value} s"),
    "skew_s": message("clocks differ by {value} s"),
    "clocks": message("clocks seen: {value}"),
    "disagree": message("these clocks disagree with each other"),
    "software": message("software {value}"),
    "sources": message("sources of names: {value}"),
    "stage": message("stage {value}"),
    "starttls": message("StartTLS offered"),
    "status": message("status {value}"),
    "status_code": message("status code {value}"),
    "step": message("step {value}"),
    "stime_utc": message("its time {value}"),
    "strangers": message("unrelated datagrams: {value}"),
    "subject": message("certificate of {value}"),
    "through": message("trusted only through {value}"),
    "tls": message("TLS offered"),
    "tls_tried": message("TLS tried: {value}"),
    "told_by": message("according to {value}"),
    "tried": message("tried {value}"),
    "tried_on": message("login made on {value}"),
    "ttl": message("hop limit {value}"),
    "type": message("type {value}"),
    "unanswered": message("no answer to {value}"),
    "used": message("address from {value}"),
    "version": message("version {value}"),
    "via": message("Via {value}"),
    "walked": message("path traced"),
    "why": message("because: {value}"),
    "x_squid_error": message("Squid says {value}"),
}
VALUE = {
    "accepted": message("accepted"),
    "bad user name or password": message("bad user name or password"),
    "called name not present": message("called name not present"),
    "closed": message("closed"),
    "connect": message("connection"),
    "connect_to or a proxy leads elsewhere": message("connect_to or a proxy points elsewhere"),
    "done": message("done"),
    "enabled": message("enabled"),
    "error": message("error"),
    "failed": message("failed"),
    "format error": message("format error"),
    "from the target": message("from the target"),
    "given": message("given"),
    "granted": message("granted"),
    "greeting": message("greeting"),
    "identifier rejected": message("identifier rejected"),
    "insufficient resources": message("insufficient resources"),
    "listeners of this machine could not be read": message("listeners of this machine could not be read"),
    "logon": message("login"),
    "name": message("name"),
    "name active": message("name active"),
    "name in conflict": message("name in conflict"),
    "name not known": message("name not known"),
    "negative": message("negative"),
    "no address of the family asked for": message("no address of the family asked for"),
    "nobody knows how the login before ended": message("result of the previous login unknown"),
    "no-default-route": message("no default route"),
    "node-status": message("node-status"),
    "not authorised": message("not authorised"),
    "not given": message("not given"),
    "not listening for calling name": message("not listening for calling name"),
    "not listening on called name": message("not listening on called name"),
    "not readable": message("not readable"),
    "not supported": message("not supported"),
    "not-read": message("not read"),
    "nothing would be signed, or only below SMB 2.1": message("nothing would be signed, or only below SMB 2.1"),
    "off": message("off"),
    "older than NT LM 0.12": message("older than NT LM 0.12"),
    "open": message("open"),
    "readable": message("readable"),
    "refused": message("refused"),
    "request not supported": message("request not supported"),
    "required": message("required"),
    "reset": message("reset"),
    "retargeted": message("points elsewhere"),
    "server failure": message("server failure"),
    "server unavailable": message("server unavailable"),
    "session": message("session"),
    "silent": message("no answer"),
    "spoke": message("data received"),
    "stayed open": message("stayed open"),
    "system": message("this machine's certificate store"),
    "the same answer for a host that cannot exist": message("the same answer for a host that cannot exist"),
    "no answer to CONNECT": message("no answer to CONNECT"),
    "the account was refused before": message("the account was rejected before"),
    "the host asks for a login weaker than NTLMv2": message("the host asks for a login weaker than NTLMv2"),
    "the same machine was tried before": message("the same machine was already tested"),
    "the time was over": message("time limit reached"),
    "this host": message("this host"),
    "timeout": message("no answer"),
    "to the target": message("to the target"),
    "tree": message("share"),
    "unacceptable protocol version": message("unacceptable protocol version"),
    "unfinished": message("unfinished"),
    "unknown": message("unknown"),
    "unknown code": message("unknown code"),
    "unreachable": message("cannot be reached"),
    "unspecified error": message("unspecified error"),
}
# Rules in words that a cause asks other people for: see diagnose.fixes_commands.request.
_REQUESTS = (
    (re.compile(r"allow (?P<transport>[A-Z]+) from (?P<source>\S+) to (?P<target>.+) port (?P<port>\d+), "
     r"stateful, without inspection"),
     message("allow {transport} from {source} to {target} port {port}, stateful, without inspection")),
    (re.compile(r"allow (?P<transport>[A-Z]+) from (?P<source>\S+) to (?P<target>.+) port (?P<port>\d+), "
     r"without inspection, login or block page"),
     message("allow {transport} from {source} to {target} port {port}, without inspection, login or block page")),
    (re.compile(r"allow (?P<transport>[A-Z]+) from (?P<source>\S+) to (?P<target>.+) port (?P<port>\d+), "
     r"stateful, with ICMP type 3 code 4 and ICMPv6 type 2"
                r" both ways"),
     message("allow {transport} from {source} to {target} port {port}, stateful, "
             "with ICMP type 3 code 4 and ICMPv6 type 2 both ways")),
    (re.compile(r"allow CONNECT from (?P<source>\S+) to (?P<target>\S+), without log-in"),
     message("allow CONNECT from {source} to {target}, without log-in")),
    (re.compile(r"route (?P<target>.+) from (?P<source>\S+) and back"),
     message("route {target} from {source} and back")),
)  # fmt: skip


def value(given: object, context: RenderContext) -> str:
    """One value: a word of ours where it is one, else the thing itself."""
    if isinstance(given, str) and given in VALUE:
        return context.say(VALUE[given])
    if isinstance(given, dict):
        return " ".join(context.safe(one, _VALUE) for one in given.values())
    return context.safe(given, _VALUE)


def named(params: dict[str, Any], context: RenderContext, left_out: frozenset[str] = frozenset()) -> Iterator[str]:
    """A phrase for each that is not in `left_out`; empty values and zeroes say nothing."""
    for name, given in params.items():
        if name in left_out or given in (None, "", 0, [], {}):
            continue
        shown = (
            ", ".join(value(each, context) for each in given[:_MANY])
            if isinstance(given, list)
            else value(given, context)
        )
        if name in PARAMETER:
            yield context.say(PARAMETER[name], _VALUE, value=shown)
        else:
            yield f"{context.safe(name, _NAME).replace('_', ' ')} {context.safe(shown, _VALUE)}"


def request(command: str, context: RenderContext) -> str:
    """A rule in words, in the reader's language; one of an unknown form as it stands."""
    return "; ".join(_requested(rule, context) for rule in command.split("; "))


def _requested(rule: str, context: RenderContext) -> str:
    for form, text in _REQUESTS:
        if match := form.fullmatch(rule):
            return context.say(text, COMMAND, **match.groupdict())
    return context.safe(rule, COMMAND)
