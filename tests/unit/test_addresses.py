"""Addresses, zones and host:port: what is written is read back, and no text that somebody else wrote raises or is taken
for something else."""

import ipaddress
import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from eset_portcheck.diagnose.proxies import bypasses
from eset_portcheck.model.addresses import (
    bracketed,
    canonical,
    family_of,
    host_port,
    is_address,
    is_beyond_link,
    is_ipv6,
    is_loopback,
    parse_address,
    parse_host_port,
    parse_network,
    parse_port,
    require_address,
    same_address,
    split_host_port,
    split_zone,
    unmapped,
    without_zone,
)
from eset_portcheck.model.plan import Endpoint, Options
from eset_portcheck.model.site import SiteError, host_and_port
from eset_portcheck.model.vocabulary import Transport
from eset_portcheck.packet_filter.rule_text import rule_text

LABEL = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=12)
NAMES = st.lists(LABEL, min_size=1, max_size=4).map(lambda labels: ".".join(["h" + label for label in labels]))
ZONES = st.text(string.ascii_letters + string.digits + "._-", min_size=1, max_size=15)
IPV4 = st.ip_addresses(v=4).map(str)
IPV6 = st.ip_addresses(v=6).map(str)
SCOPED = st.builds("{}%{}".format, IPV6, ZONES)
HOSTS = st.one_of(NAMES, IPV4, IPV6, SCOPED)
PORTS = st.integers(1, 65535)
HOSTILE = st.one_of(
    st.text(max_size=60),
    st.text("0123456789abcdef:.[]%/@ \t\n\x1b", max_size=60),
    st.just("1:" * 300),
    st.just("[" * 9),
)


@given(HOSTS, PORTS)
def test_what_is_written_is_read_back(host: str, port: int) -> None:
    assert parse_host_port(host_port(host, port)) == (host, port)
    assert split_host_port(host_port(host, port)) == (host, str(port))
    assert split_host_port(bracketed(host)) == (host, None)


@given(HOSTS, PORTS)
def test_the_command_line_reads_it_too(host: str, port: int) -> None:
    name, number = host_and_port(host_port(host, port), "")
    assert (canonical(name), number) == (canonical(host), port)
    assert split_zone(name)[1] == split_zone(host)[1]


@given(HOSTILE)
@example("[::1]")
@example("[name]:80")
@example("[10.0.0.1]:80")
@example("2001:db8::1:443")
@example("[::1]x:80")
@example("a b:80")
@example("x:٣")
@example("x:+1")
@example("x:1_0")
@example("x:0")
@example("x:65536")
def test_what_is_read_is_what_would_be_written(text: str) -> None:
    found = parse_host_port(text)
    if found is None:
        return
    host, port = found
    assert parse_host_port(host_port(host, port)) == found
    assert 1 <= port <= 65535
    assert not set(host) & set("[] \n\t\x1b")
    assert (":" in host) == is_ipv6(host)


@pytest.mark.parametrize(
    "text",
    ["", ":", ":80", "host", "host:", "[::1]", "[::1]:", "[name]:80", "[10.0.0.1]:80", "2001:db8::1:443", "[::1]x:80",
     "[::1:80", "a b:80", "x:٣", "x:+1", "x:1_0", "x:0", "x:65536", "x:80 ", "x:80\n", "host]:80", "a" * 500 + ":80"],
)  # fmt: skip
def test_what_is_no_host_and_port(text: str) -> None:
    assert parse_host_port(text) is None


def test_a_report_may_name_a_value_that_is_missing() -> None:
    assert parse_host_port("<server>:2222") == ("<server>", 2222)


@given(HOSTILE)
def test_no_text_raises(text: str) -> None:
    for function in (parse_address, parse_network, parse_port, is_address, is_ipv6, is_loopback, canonical, bracketed):
        function(text)
    assert same_address(text, text) == is_address(text)
    try:
        split_host_port(text)
    except ValueError:
        assert text.startswith("[")
    try:
        host_and_port(text, "")
    except SiteError:
        pass


@given(st.ip_addresses(), ZONES)
def test_a_zone_is_no_part_of_the_number(address: ipaddress.IPv4Address | ipaddress.IPv6Address, zone: str) -> None:
    text = f"{address}%{zone}"
    assert parse_address(text) == parse_address(str(address)) == require_address(text) == address
    assert split_zone(text) == (str(address), zone)
    assert without_zone(text) == str(address)
    assert same_address(text, str(address))
    assert parse_network(text) is None
    assert split_zone(str(address)) == (str(address), None)
    assert is_ipv6(text) == (family_of(address) == "ipv6")


@given(st.ip_addresses(v=4))
def test_a_mapped_address_is_the_ipv4_one(address: ipaddress.IPv4Address) -> None:
    mapped = ipaddress.IPv6Address(f"::ffff:{address}")
    for text in (str(mapped), str(mapped).upper(), f"::ffff:{address}", mapped.exploded):
        assert unmapped(require_address(text)) == address
        assert canonical(text) == str(address)
        assert same_address(text, str(address))
        assert is_loopback(text) == address.is_loopback


def test_nothing_is_the_same_as_nothing() -> None:
    assert not same_address(None, None)
    assert not same_address("", "")
    assert not same_address("name", "name")
    with pytest.raises(ValueError, match="is not an address"):
        require_address("name")


@pytest.mark.parametrize(
    ("text", "beyond"),
    [("10.0.0.1", True), ("2001:db8::1", True), ("fe80::1%eth0", False), ("169.254.1.1", False), ("127.0.0.1", False), ("::1", False)],
)  # fmt: skip
def test_what_another_network_can_address(text: str, beyond: bool) -> None:
    assert is_beyond_link(require_address(text)) is beyond


def test_a_test_override_is_found_for_an_ipv6_address_and_may_lead_to_one() -> None:
    options = Options(connect_to={"[2001:db8::1]:2222": "[::1]:12222"})
    assert options.dialled(Endpoint(Transport.TCP, "2001:db8::1", 2222, "tls")) == ("::1", 12222)
    assert options.dialled(Endpoint(Transport.TCP, "2001:db8::2", 2222, "tls")) == ("2001:db8::2", 2222)


def test_a_test_override_that_cannot_be_read_is_never_passed_over() -> None:
    with pytest.raises(ValueError, match="not host:port"):
        Options(connect_to={"protect:2222": "elsewhere"}).dialled(Endpoint(Transport.TCP, "protect", 2222, "tls"))


@pytest.mark.parametrize(
    ("host", "entry"),
    [("10.0.0.1", "10.0.0.1:3128"), ("2001:db8::1", "[2001:db8::1]:3128"), ("protect.corp", "protect.corp:3128")],
)
def test_an_exception_of_a_proxy_with_a_port_is_about_the_host(host: str, entry: str) -> None:
    assert bypasses(host, entry)


def test_a_rule_that_translates_to_an_ipv6_address_shows_it_in_brackets() -> None:
    assert rule_text([{"dnat": {"addr": "2001:db8::1", "port": 2222}}]) == "dnat to [2001:db8::1]:2222"
    assert rule_text([{"dnat": {"addr": "10.0.0.1", "port": 2222}}]) == "dnat to 10.0.0.1:2222"
