"""Every line that is meant to be pasted, filled with hostile values, run by real shells or parsed by their rules: the
words are ours, or exactly the value.

The values stand where strangers write: names of hosts, reverse DNS, certificates, processes, units, chains, tables,
interfaces, proxies, values of a site, words of a command line, fields of a report. Counts are printed (`pytest -rP`);
those of one run are in docs/decisions/0018.
"""

import ast
import ipaddress
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eset_portcheck import texts
from eset_portcheck.diagnose.fixes import fixes, reasons
from eset_portcheck.loading.reports import ReportFileError, parsed
from eset_portcheck.model.finding import Finding, PortHolder, Where
from eset_portcheck.model.host import Host, Interface, LocalFirewall
from eset_portcheck.model.params import Params
from eset_portcheck.model.privacy import Privacy
from eset_portcheck.model.report import to_json
from eset_portcheck.model.vocabulary import Culprit, Failure, Listener
from eset_portcheck.redaction.always import Always
from eset_portcheck.redaction.strict import Strict
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.lines import broken
from eset_portcheck.render.wording import reason_text
from eset_portcheck.render.wording.placeholders import Placeholders
from eset_portcheck.rules import Needs, nft
from eset_portcheck.texts.quoting import QUOTES, Shell, Unquotable
from eset_portcheck.texts.shell import check, filled, joined, shell_of
from tests.unit.rows import TARGET, connecting
from tests.unit.sample_reports import load
from tests.unit.shells import SHELLS, by_cmd, by_grammar, by_powershell, run
from tests.unit.test_fixes import LINUX, WINDOWS, cause_row, chain

ROOT = Path(__file__).parents[2]
CANARY = "pwned"
SIGNS = [
    "'", '"', "`", "$(touch pwned)", "`touch pwned`", ";touch pwned;", "|touch pwned|", "&&touch pwned&&", "& calc &", ">pwned", "<pwned", "\n", "\r", "\t", "\0",
    "\u2028", "\x85", "\x1b[31m", "\u202e", "\u200b", "\\", "-", "--", "--%", "-oProxyCommand=touch pwned", "%PATH%", "%", "!!", "!touch", "^", "~", "~/", "~root", "=ls",
    "{port}", "{target}", "{0}", "%s", "[red]", "[/]", "\u2018", "\u2019", "\u201a", "\u201b", "\u201c", "\u201d", "\u201e", "\uff02", "\uff07", "\uff1b", "\uff04(touch pwned)", "\u00ab", "\u00bb",
    "#", "*", "?", "@", "@(", "@{", ",", "(", ")", "{", "}", "$HOME", "${IFS}", "$env:PATH", "1kb", "0x10", "1e3", "é", "\ud800", "password=", "token: ", "--site ", "x" * 300, " ", "",
]  # fmt: skip
FINE = ["pc7.corp.local", "10.1.2.3", "fd00::1", "fe80::1%eth0", "DC01", "2222", "0xdead", "1kb", "eset-portcheck"]
TEXT = st.lists(st.sampled_from(SIGNS) | st.sampled_from(FINE) | st.text(max_size=4), min_size=1, max_size=6).map(
    "".join
)
HOST = st.sampled_from(FINE) | TEXT | st.integers() | st.none() | st.lists(TEXT, max_size=2)
PORT = st.integers(-1, 70000) | st.sampled_from([2222, 443, True, 2222.0, "2222", None, [2222]]) | TEXT
PARAMS = st.fixed_dictionaries(
    {
        "target": HOST,
        "address": HOST,
        "source": HOST,
        "port": PORT,
        "transport": st.sampled_from(["tcp", "udp"]) | TEXT,
        "interval": HOST,
    },
    optional={
        "via": HOST,
        "proxy": HOST,
        "proxy_port": PORT,
        "other_end": st.sampled_from(["", "windows", "vendor"]),
    },
)
TOKENS: dict[str, Any] = {
    "target": "qtarget.example",
    "address": "192.0.2.77",
    "source": "qsource",
    "port": 54321,
    "transport": "tcp",
    "proxy": "qproxy.example",
    "proxy_port": 54322,
}
LENGTHY = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


def told(capsys: pytest.CaptureFixture[str], text: str) -> None:
    with capsys.disabled():
        print(f"\n{text}")


# ---------------------------------------------------------------------------------------------------------------- the
# attacks that were found


def test_a_port_that_is_no_integer_reaches_no_command() -> None:
    for given_port in ("2222", "22' ; touch pwned; '", True, 2222.0, 0, 65536, None, [22]):
        assert texts.command("ss -ltn «sport = :{port}»", {"port": given_port}) == "ss -ltn 'sport = :<port>'"
        assert texts.command("x -LocalPort {port}", {"port": given_port}, Shell.POWERSHELL) == "x -LocalPort '<port>'"


@pytest.mark.parametrize("port", ["1'; touch pwned; '", "2222", True, 70000, -1, 1.5])
def test_a_report_whose_parameters_have_a_port_that_is_none_is_refused(port: object) -> None:
    plain = json.loads(to_json(load("deployment")))
    plain["causes"][0]["params"]["port"] = port
    with pytest.raises(ReportFileError, match=r"causes\[0\]\.params\.port"):
        parsed(json.dumps(plain).encode(), "x")


def test_a_line_is_not_broken_inside_of_quotes() -> None:
    line = joined(["eset-portcheck", "check", "--site", "it's; touch pwned # | x", "--role", "agent"])
    assert [one for one in broken(line, 20, continued=False) if one.startswith("touch")] == []
    assert [one for one in broken(line, 20, continued=True) if one.startswith("touch")] == []
    windows = joined(["eset-portcheck", "it's; calc", "x; calc"], Shell.WINDOWS)
    assert broken(windows, 10, continued=False) == [windows]


def test_a_line_that_is_too_long_ends_between_words() -> None:
    line = joined(["eset-portcheck", *["é; touch pwned '" * 5] * 90])
    assert len(RenderContext(ascii_only=True).safe(line, 2000)) <= 2000
    assert line.endswith("' ...")
    assert not RenderContext(ascii_only=True).safe(line, 2000).endswith("....")


def test_what_is_taken_out_of_a_command_takes_no_quote_with_it() -> None:
    line = joined(["eset-portcheck", "check", "--set", "password='a; touch pwned #"])
    assert Always().text(Privacy.COMMAND, line) == "[removed]"
    kept = joined(["eset-portcheck", "check", "--site", "/home/bob/my site.toml", "--set", "password=x"])
    assert (
        Always().text(Privacy.COMMAND, kept)
        == "eset-portcheck check --site '/home/user-1/my site.toml' --set password=[removed]"
    )
    strict = Strict(load("deployment"), {})
    assert (
        strict.text(Privacy.COMMAND, "eset-portcheck check --site 'my site.toml'")
        == "eset-portcheck check --site file-1.toml"
    )


@pytest.mark.skipif("dash" not in SHELLS, reason="no POSIX shell here")
@pytest.mark.parametrize("name", SHELLS)
def test_the_judges_see_what_a_shell_obeys(name: str, tmp_path: Path) -> None:
    for number, wrong in enumerate(("ss >pwned", "ss; pwned", "ss $(pwned)", "ss `pwned`", "ss 'unfinished")):
        with pytest.raises(AssertionError):
            run(name, ["dig", wrong], tmp_path / str(number))
    assert run(name, ["ss 'a b' | nc $(dig x)", "ip '!s'"], tmp_path / "x") == [
        [("dig", "x"), ("nc",), ("ss", "a b")],
        [("ip", "!s")],
    ]
    if "history" in name:
        with pytest.raises(AssertionError, match='ip "ss a"'):  # bash shows what it made of the line
            run(name, ["ss a", 'ip "!ss"'], tmp_path / "y")


@pytest.mark.parametrize("read", [by_cmd, by_powershell])
def test_the_judges_of_windows_see_what_a_shell_obeys(read: Callable[[str], list[str]]) -> None:
    for wrong in (
        "x & calc",
        "x | calc",
        'x "a',
        "x (calc)",
        *(
            ["x %PATH%", 'x "%PATH%"', "x ^a", 'x "a!b"']
            if read is by_cmd
            else ['x "$(calc)"', "x $(calc)", "x 'a'' ; calc", "x \u2018a"]
        ),
    ):
        with pytest.raises(AssertionError):
            read(wrong)


# ---------------------------------------------------------------------------------------------------------------- every
# text


def templates() -> Iterator[tuple[str, str, Shell]]:
    for code, text in texts.load().items():
        for step in text.fix:
            for template, shell in (
                (step.linux, Shell.SH),
                (step.windows, Shell.POWERSHELL),
                (step.run, Shell.WINDOWS),
            ):
                if template:
                    yield code, template, shell


def test_commands_are_for_the_machine_the_transport_and_the_way_of_the_row() -> None:
    def lines(code: str, **params: Any) -> list[str]:
        context = RenderContext()
        given = Placeholders(target="pc7.corp.local", port=445, transport="tcp")
        given = msgspec.structs.replace(given, **params)
        return [line for step in reason_text.steps(code, given, "Linux", context) for line in step.commands]

    for code in texts.load():
        behind = {"via": "bridge:3128", "proxy": "bridge", "proxy_port": 3128}
        for line in lines(code, **behind) if not code.startswith("PROXY_") else ():
            leads = "-proxy bridge:3128" in line or "-x http://bridge:3128" in line
            assert leads or "pc7.corp.local" not in line, (code, line)
        for line in lines(code, transport="udp"):
            wrong = re.search(r"-lt[a-z]*p? |State Listen|/tcp|Protocol TCP|Test-NetConnection|s_client|-z ", line)
            assert wrong is None or "-ltun" in line, (code, line)
    assert lines("REFUSED_BY_HOST", other_end="windows") == [
        "Get-Service -DisplayName '*ESET*'",
        "Get-NetTCPConnection -State Listen -LocalPort 445",
        "eset-portcheck check ... --set server_port=2300",
        "nslookup pc7.corp.local",
    ]
    vendors = lines("TCP_NO_ANSWER", other_end="vendor", target="epns.eset.com", port=8883)
    assert not any("nft" in line or "ss -" in line or "Firewall" in line for line in vendors)
    assert any("ss -" in line for line in lines("TCP_NO_ANSWER", other_end=""))
    assert any("NetFirewallRule" in line for line in lines("TCP_NO_ANSWER", other_end=""))
    said = [step.do for step in reason_text.steps("REFUSED_ORIGIN_UNKNOWN", Placeholders(), "Linux", RenderContext())]
    assert not any("Linux machine" in one for one in said)
    said = [step.do for step in reason_text.steps("REFUSED_ORIGIN_UNKNOWN", Placeholders(), "Windows", RenderContext())]
    assert any("Linux machine" in one for one in said)


def test_no_value_of_a_text_stands_inside_of_quotes() -> None:
    """The house rule; `check` is what refuses it, so it is shown to see every kind of quote."""
    for _, template, _ in templates():
        check(template)
        check(texts.through_proxy(template))
        check(texts.over_udp(template))
        assert set(re.findall(r"\{([a-z_]+)\}", template)) <= set(TOKENS)
    for wrong in (
        "x '{port}'",
        'x "{port}"',
        "x `{port}`",
        "x $({port})",
        "x @({port})",
        "x %{port}%",
        "x ${port}",
        "x '«{port}»'",
        "x «{port}",
        'x -a"b"{port}',
        "x $(y {port})",
    ):
        with pytest.raises(ValueError, match=r"value|word"):
            check(wrong)


def is_host(value: object) -> str | None:
    """The judge's own opinion of what a host is; in its usual form."""
    if not isinstance(value, str):
        return None
    bare, percent, zone = value.partition("%")
    try:
        found = ipaddress.ip_address(bare)
    except ValueError:
        fine = len(value) <= 253 and re.fullmatch(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?", value)
        return value if fine else None
    if not percent:
        return str(found)
    return f"{found}%{zone}" if found.version == 6 and re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,15}", zone) else None


def expected(word: str, params: dict[str, Any]) -> str:
    """What a word of the line that was filled with TOKENS becomes with these values."""
    hosts = ("target", "address", "source", "proxy")
    values = {name: is_host(params.get(name)) or f"<{name}>" for name in hosts}
    for name in ("port", "proxy_port"):
        port = params.get(name)
        values[name] = str(port) if type(port) is int and 0 < port < 65536 else f"<{name}>"
    values["transport"] = params["transport"] if params["transport"] in ("tcp", "udp") else "<transport>"
    for name in hosts:
        token = TOKENS[name]
        in_brackets = f"[{values[name]}]" if ":" in values[name] else values[name]
        word = re.sub(
            rf"(?<=//){re.escape(token)}|{re.escape(token)}(?=:)", lambda _, text=in_brackets: text, word
        ).replace(token, values[name])
    for name in ("port", "proxy_port"):
        word = word.replace(str(TOKENS[name]), values[name])
    return word


def printed(params: dict[str, Any], language: str, system: str) -> Iterator[tuple[str, str, Shell]]:
    """(template, line as it is shown, shell) of every reason, through the function that all formats use."""
    context = RenderContext(language=language)
    for code, text in texts.load().items():
        given = Placeholders(**params)
        made = [reason_text.templates(step, code, given, system) for step in text.fix]
        kept = [one for one in made if one is not None]
        for lines, shown in zip(kept, reason_text.steps(code, given, system, context), strict=True):
            for (template, shell), line in zip(lines, shown.commands, strict=True):
                yield template, line, shell


def is_sql(template: str) -> bool:
    return re.match(r"(CREATE|SELECT|SET|SHOW) ", template) is not None


@pytest.mark.skipif("dash" not in SHELLS, reason="no POSIX shell here")
def test_every_text_gives_its_own_words_and_no_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines: dict[tuple[str, str], tuple[dict[str, Any], Shell]] = {}
    count = examples = 0

    @LENGTHY
    @given(PARAMS, st.sampled_from(["en", "es"]), st.sampled_from(["Linux", "Windows"]))
    def feed(params: dict[str, Any], language: str, system: str) -> None:
        nonlocal count, examples
        examples += 1
        for template, line, shell in printed(params, language, system):
            assert line.isprintable()
            count += 1
            if shell is Shell.SH or "{" in re.sub(r"\{ ", "", template):
                lines[template, line] = params, shell

    feed()
    here = [
        (template, line, params)
        for (template, line), (params, shell) in lines.items()
        if shell is Shell.SH and not is_sql(template)
    ]
    known = sorted({template for template, _, _ in here})
    for name in SHELLS:
        base = dict(
            zip(
                known,
                run(name, [filled(one, TOKENS, Shell.SH) for one in known], tmp_path / name / "base"),
                strict=True,
            )
        )
        assert sum(map(len, base.values())) > len(known)
        for (template, line, params), started in zip(
            here, run(name, [line for _, line, _ in here], tmp_path / name / "hostile"), strict=True
        ):
            assert started == sorted({tuple(expected(word, params) for word in words) for words in base[template]}), (
                name,
                line,
            )
    parsed_lines = 0
    for (template, line), (params, shell) in lines.items():
        if shell is Shell.WINDOWS:
            words = [expected(word, params) for word in by_cmd(filled(template, TOKENS, shell))]
            words = [word if "%" not in word else "<target>" for word in words]  # a zone cannot be said to cmd
            assert by_cmd(line) == by_powershell(line) == words
            parsed_lines += 1
        elif shell is Shell.POWERSHELL:
            words, live = by_grammar(line)
            words_of_base, live_of_base = by_grammar(filled(template, TOKENS, shell))
            assert ("".join(words), live) == (expected("".join(words_of_base), params), live_of_base), line
            parsed_lines += 1
    told(
        capsys,
        f"texts: {examples} examples, {count} lines filled; {len(here)} different ones run by {' and '.join(SHELLS)}, {parsed_lines} parsed as PowerShell",
    )


# ---------------------------------------------------------------------------------------------------------------- words


def line_again(words: list[str], ids: list[str], host: Host) -> str:
    """As render/outcome makes it of a live run, but of ids that no profile makes too: those it leaves out
    (model/command_line.only)."""
    return joined(
        ["eset-portcheck", "check", *words, *(part for one in ids for part in ("--only", one))], shell_of(host.os)
    )


@pytest.mark.skipif("dash" not in SHELLS, reason="no POSIX shell here")
def test_words_of_a_command_line_come_back_from_every_shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Words of a report's own command line and ids: what is tested again is what was run, or says <value>."""
    posix: dict[str, tuple[str, ...]] = {}
    wrapped: dict[str, tuple[str, ...]] = {}
    hidden: set[str] = set()
    counts = {"examples": 0, "windows": 0, "refused": 0}
    linux, windows = Host(os={"name": "Linux"}), Host(os={"name": "Windows"})

    @LENGTHY
    @given(st.lists(TEXT, max_size=6), st.lists(TEXT, max_size=3), st.integers(20, 120))
    def feed(words: list[str], ids: list[str], width: int) -> None:
        counts["examples"] += 1
        wanted = ["eset-portcheck", "check", *words, *(part for one in ids for part in ("--only", one))]
        line = line_again(words, ids, linux)
        shown = RenderContext().safe(line, 2000)
        said = tuple(word if word.isprintable() else _refused(word) for word in wanted)
        posix[line] = said
        if shown == line:
            wrapped["\n".join(broken(line, width, continued=True))] = said
        for eye in (Always(), Strict(load("deployment"), {})):
            for out in (
                eye.text(Privacy.COMMAND, line),
                eye.text(Privacy.COMMAND, Always().text(Privacy.COMMAND, line)),
            ):
                hidden.update([out] if out != "[removed]" else [])
        for shell in (Shell.WINDOWS, Shell.CMD, Shell.POWERSHELL):
            line = line_again(words, ids, windows) if shell is Shell.WINDOWS else joined(wanted, shell)
            readers: list[Callable[[str], list[str]]] = [by_cmd] if shell is not Shell.POWERSHELL else []
            readers += [by_powershell] if shell is not Shell.CMD else []
            for read in readers:
                for word, got in zip(wanted, read(line), strict=True):
                    assert got in (word, "<value>"), (shell, line)
                    counts["refused"] += got != word
                    assert got == word or not re.fullmatch(r"[\w. :;&|<>()*,@#~=-]+", word, re.ASCII)
            if line.isascii() and shell is not Shell.CMD and not re.search(r"[\s,]-\S|--", line):
                by_grammar(line)
            counts["windows"] += 1

    feed()
    for name in SHELLS:
        for place, lines in (("posix", posix), ("wrapped", wrapped)):
            for (line, words), started in zip(lines.items(), run(name, lines, tmp_path / name / place), strict=True):
                assert started == [tuple(_at_home(word, tmp_path / name / place) for word in words)], (name, line)
        for started in run(name, hidden, tmp_path / name / "hidden"):
            assert len(started) == 1
            assert started[0][0] == "eset-portcheck"
    told(
        capsys,
        f"words: {counts['examples']} examples; {len(posix)} lines, {len(wrapped)} wrapped and {len(hidden)} redacted ones run by {' and '.join(SHELLS)},"
        f" {counts['windows']} parsed for PowerShell and cmd ({counts['refused']} words refused there)",
    )


def _refused(word: str) -> str:
    return "~/<value>" if word.startswith("~/") and len(word) > 2 else "<value>"


def _at_home(word: str, folder: Path) -> str:
    return f"{folder}/home/{word[2:]}" if word.startswith("~/") and len(word) > 2 else word


@settings(max_examples=400, deadline=None)
@given(TEXT, st.sampled_from(list(Shell)))
def test_a_word_is_said_whole_or_refused(word: str, shell: Shell) -> None:
    try:
        quoted = QUOTES[shell](word)
    except Unquotable:
        assert shell in (Shell.CMD, Shell.WINDOWS) or not word.isprintable()
        return
    assert quoted.isprintable()
    if shell in (Shell.CMD, Shell.WINDOWS):
        assert by_cmd(quoted) == [word]
    if shell in (Shell.POWERSHELL, Shell.WINDOWS):
        assert by_powershell(quoted) == [word]


# ---------------------------------------------------------------------------------------------------------------- every
# fix


def hosts(text: str) -> list[Host]:
    """Linux whose rules are not known, with each tool; with chains and tables of that name; Windows. All words in them
    are a stranger's."""
    tools = ["ufw", "firewall-cmd", "nft", "iptables", "iptables-nft", "iptables-legacy", text]
    ruleset = [
        chain(text, "output", "drop", text),
        chain("out", "output", "drop"),
        chain("INPUT", "input", "drop", text, "ip"),
        chain("OUTPUT", text, "drop", "filter", "ip"),
        chain("f", "forward", "drop", family=text),
    ]
    strange = {
        "resolvers": [text, "10.0.1.53"],
        "interfaces": [Interface(text, [text, "10.0.1.2"])],
        "proxies": [],
        "name": text,
    }
    plain = msgspec.structs.replace(LINUX, **strange)
    return [
        plain,
        msgspec.structs.replace(plain, capabilities={"tools": tools}),
        msgspec.structs.replace(plain, firewall=LocalFirewall(state="readable", ruleset=ruleset)),
        msgspec.structs.replace(WINDOWS, **strange),
    ]


_POSIX = frozenset(
    {
        "nft",
        "iptables",
        "ufw",
        "firewall-cmd",
        "ip",
        "dig",
        "ss",
        "squid",
        "openssl",
        "systemctl",
        "ps",
        "timedatectl",
        "eset-portcheck",
        "mysqladmin",
    }
)
_POWERSHELL = frozenset({"powershell", "netsh", "route", "w32tm"})
_SAFE_WORDS = re.compile(r"[\w. :;&|<>(){}\[\]*,@#~=!$\"\\/^+%-]*", re.ASCII)


@pytest.mark.skipif("dash" not in SHELLS, reason="no POSIX shell here")
def test_every_fix_is_made_of_our_own_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    posix: set[str] = set()
    others: set[str] = set()
    counts = {"examples": 0, "commands": 0}

    @settings(LENGTHY, max_examples=30)
    @given(
        TEXT, HOST, st.sampled_from([2222, 0, 65535]), st.sampled_from(list(Listener)), st.sampled_from(list(Culprit))
    )
    def feed(text: str, host: Any, port: int, listener: Listener, culprit: Culprit) -> None:
        counts["examples"] += 1
        target = host if isinstance(host, str) else text
        spoilt = [connecting(Failure.TIMEOUT, address=one, source_address=text) for one in (target, TARGET, "fd00::7")]
        words = ("name", "server", "rule", "table", "chain", "subject", "via", "gateway", "interface")
        params = Params(**dict.fromkeys(words, text), proxies=[text])
        for code in reasons():
            place = Where(
                address=target, interval=[text, text], ca=text, process=PortHolder(pid=7, name=text, path=text)
            )
            changed = {
                "attempts": spoilt,
                "target": target,
                "port": port,
                "listener": listener,
                "culprit": culprit,
                "where": place,
            }
            for via in (None, f"{text}:443", f"{target}:{text}"):
                broken_row = cause_row(code, **changed, via_destination=via, findings=[Finding(code, params=params)])
                for machine in hosts(text):
                    verify = line_again(["--role", text], [text], machine)
                    for fix in fixes(broken_row, [broken_row], machine, verify):
                        if fix.tool == "text" or fix.tool == "eset-portcheck":
                            continue  # a code; the line that tests again, which has a test of its own
                        counts["commands"] += 1
                        for line in (fix.command, fix.undo):
                            assert _SAFE_WORDS.fullmatch(line.replace("'", "")), line
                            assert CANARY not in line
                            if line and fix.tool in _POSIX:
                                posix.add(line)
                            elif line and fix.tool in _POWERSHELL:
                                others.add(line)

    feed()
    assert min(counts["commands"], len(posix), len(others)) > 20
    started = [run(name, sorted(posix), tmp_path / name) for name in SHELLS]
    assert all(one == started[0] for one in started)
    assert all(one for one in started[0])
    for line in others:
        if '"' in line:  # for both shells of Windows
            assert by_cmd(line) == by_powershell(line)
            continue
        _, live = by_grammar(re.sub(r"HKLM[\w\\]+", "KEY", line))
        assert not {"expandable_string_literal", "sub_expression", "script_block_expression", "redirection"} & set(
            live
        ), line
    told(
        capsys,
        f"fixes: {counts['examples']} examples, {counts['commands']} commands; {len(posix)} different lines run by {' and '.join(SHELLS)}, {len(others)} parsed as PowerShell",
    )


@settings(max_examples=300, deadline=None)
@given(TEXT)
def test_the_undo_of_rules_takes_identifiers_only(word: str) -> None:
    for place in (
        nft.TargetChains("inet", word, "in", "-"),
        nft.TargetChains("inet", "t", word, "-"),
        nft.TargetChains("inet", "t", "in", word),
        nft.TargetChains(word, "t", "in", "-"),
    ):
        if re.fullmatch(r"[A-Za-z_][\w.-]*", word, re.ASCII) or (
            word == "-" and place.table != "-" and place.family == "inet"
        ):
            continue
        for write in (lambda: nft.undo_into(place), lambda: nft.into(Needs([], []), place, [], str)):  # noqa: B023
            with pytest.raises(ValueError, match="no table"):
                write()


# ---------------------------------------------------------------------------------------------------------------- the
# house


def modules() -> list[Path]:
    """All but the one that makes the quotes."""
    parts = ("diagnose/fixes*.py", "rules/*.py", "render/**/*.py", "cli/*.py", "texts/*.py")
    return sorted(path for part in parts for path in (ROOT / "eset_portcheck").glob(part) if path.name != "quoting.py")


# quotes that are not a shell's: of nft, awk, SQL and Markdown's code spans; what stands in them is a mark, an identifier or an address
_NOTATIONS = {
    ("fixes_commands.py", "nft"), ("fixes_commands.py", "_where"), ("fixes_commands.py", "_nft_undo"), ("fixes_accounts.py", "_database_account"),
    ("nft.py", "rules"), ("nft.py", "_rules"), ("nft.py", "into"), ("nft.py", "undo_into"),
    ("markdown.py", "_text"),
}  # fmt: skip


@pytest.mark.parametrize("module", modules(), ids=lambda path: path.name)
def test_no_string_of_ours_puts_a_value_inside_of_quotes(module: Path) -> None:
    for function in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if not isinstance(function, ast.FunctionDef) or (module.name, function.name) in _NOTATIONS:
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.JoinedStr):
                text = "".join(part.value if isinstance(part, ast.Constant) else "\0" for part in node.values)
                assert not re.search("'[^']*\0[^']*'|\"[^\"]*\0[^\"]*\"|`[^`]*\0[^`]*`|[$]\\([^)]*\0", text), (
                    f"{module.name}:{node.lineno}: {text!a}"
                )
