"""The laboratory itself: every fault can be seen from outside and is gone afterwards; nothing that it made outlives it.

Real clients against the healthy servers: test_healthy.py.
"""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.lab.fault_list import FAULTS
from tests.lab.faults import Fault
from tests.lab.laboratory import Lab
from tests.lab.net import ETC_NETNS, LabError, Net
from tests.lab.observation import Observation, matches
from tests.lab.storage import CHECKOUT, Home
from tests.lab.topology import NODES


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_there_and_gone(lab: Lab, name: str) -> None:
    fault = FAULTS[name]
    if fault.steps:
        lab.expect(fault.observe, fault.observe.healthy, "before")
    with lab.fault(name):
        pass


def test_a_fault_with_steps_has_a_healthy_answer_that_is_not_the_faulty_one() -> None:
    """Else a fault that was not injected would pass for injected."""
    for fault in FAULTS.values():
        if fault.steps:
            assert fault.observe.healthy is not None, fault.name
    same = {fault.name for fault in FAULTS.values() if fault.steps and fault.seen == fault.observe.healthy}
    # nothing that a client sees changes: the rule is proven by its counterpart below, the certificate by its date
    assert same <= {"icmp-blocked", "cert-soon"}


def test_icmp_is_really_blocked(lab: Lab) -> None:
    ping = ["ping", "-c", "1", "-W", "1", "10.77.2.2"]
    assert lab.exec("agent", ping).returncode == 0
    with lab.fault("icmp-blocked"):
        assert lab.exec("agent", ping).returncode == 1


def test_certificate_that_expires_soon(lab: Lab) -> None:
    asked = [
        "sh",
        "-c",
        "openssl s_client -connect 10.77.6.2:8883 </dev/null 2>&1 | openssl x509 -noout -checkend 2592000",
    ]
    assert lab.exec("agent", asked).returncode == 0
    with lab.fault("cert-soon"):
        assert "will expire" in lab.exec("agent", asked).stdout


def test_an_injection_that_does_nothing_is_noticed(lab: Lab) -> None:
    fault = FAULTS["drop-syn"]
    nothing = Fault("nothing", "no step at all", fault.observe, fault.seen)
    with pytest.raises(LabError, match="nothing was injected"), lab._faulty(nothing):
        pytest.fail("it was taken for injected")


def test_a_fault_is_taken_out_when_the_test_fails(lab: Lab) -> None:
    with pytest.raises(ZeroDivisionError), lab.fault("reject-rst"):
        raise ZeroDivisionError
    lab.expect(FAULTS["reject-rst"].observe, FAULTS["reject-rst"].observe.healthy, "after")


@pytest.mark.parametrize(
    ("wanted", "got", "same"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, True),
        ({"a": 1, "b": None}, {"a": 1}, True),
        ({"a": 1, "b": None}, {"a": 1, "b": []}, True),
        ({"a": None}, {"a": [1]}, False),
        ({"a": {"x": 1}}, {"a": [{"x": 2}, {"x": 1}]}, True),
        ({"a": {"x": 3}}, {"a": [{"x": 2}, {"x": 1}]}, False),
        (({"a": 1}, {"a": 2}), {"a": 2}, True),
        ({"a": range(5, 10)}, {"a": 9.5}, True),
        ({"a": range(5, 10)}, {"a": "7"}, False),
        ({"a": 1}, {}, False),
    ],
)
def test_matching(wanted: object, got: object, same: bool) -> None:
    assert matches(wanted, got) is same


def test_packets_are_captured_and_dissected(lab: Lab) -> None:
    with lab.capture("healthy") as capture:
        lab.observe(FAULTS["tarpit"].observe)
        lab.observe(FAULTS["udp-drop"].observe)
    assert any("Client Hello" in line for line in capture.packets("tls"))
    assert any("AS-REQ" in line for line in capture.packets("kerberos"))
    assert capture.bad() == []


def test_malformed_packets_are_noticed(lab: Lab) -> None:
    broken = Observation(("udp", "10.77.4.2", "53", "--send", "ab01010000010000000000000365", "--timeout", "0.3"))
    with lab.capture("malformed") as capture:
        lab.observe(broken)
    assert capture.bad()


CRASHING = """
    import os, signal, sys
    from tests.lab.laboratory import Lab
    lab = Lab(sys.argv[1])
    lab.home.take(keep=False)
    lab.net.up()
    lab.servers.start(["peers"])
    print("READY", flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def _runs(pid: int) -> bool:
    """A zombie waits for whoever is pid 1 here, and does nothing."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def test_what_a_crashed_run_left_is_taken_down_by_the_next(lab: Lab) -> None:
    prefix = f"portcheck-crash-{os.getpid()}"
    died = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(CRASHING), prefix],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (died.returncode, died.stdout) == (-signal.SIGKILL, "READY\n"), died.stderr
    crashed = Net(prefix)
    left = crashed.processes()
    assert left
    following = Home(f"portcheck-next-{os.getpid()}")
    try:
        following.take(keep=False)
        assert not crashed.exists()
        assert not any((ETC_NETNS / crashed.namespace(node)).exists() for node in NODES)
        assert not any(_runs(pid) for pid in left)
        assert not Home(prefix).path.exists()
        assert lab.net.exists(), "this laboratory is in use and stays"
    finally:
        following.drop()


def test_a_prefix_in_use_is_refused(lab: Lab) -> None:
    with pytest.raises(LabError, match="is up"):
        Home(lab.prefix).take(keep=False)


def test_namespaces_of_others_are_left_alone(lab: Lab) -> None:
    strangers = Net(f"portcheck-other-{os.getpid()}")
    subprocess.run(["ip", "netns", "add", strangers.namespace("fw")], check=True)
    try:
        with pytest.raises(LabError, match="no laboratory of ours made them"):
            Home(strangers.prefix).take(keep=False)
        Home(strangers.prefix).drop()
        assert strangers.exists()
    finally:
        subprocess.run(["ip", "netns", "del", strangers.namespace("fw")], check=True)
