"""Certificates, and whole sites: what they are made of, that they cover the roles' plans, and that they leave nothing
behind."""

import asyncio
import ipaddress
import shutil
import ssl
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from eset_portcheck import loading, planning, protocols
from eset_portcheck.model.site import site_of
from eset_portcheck.standins import certificates, serve
from eset_portcheck.standins.certificates import Authority, server_context
from eset_portcheck.standins.faults import FAULTS, HEALTHY
from eset_portcheck.standins.server import replication
from eset_portcheck.standins.site import SERVICES, faults, stand_in_site


@pytest.mark.parametrize(
    ("period", "begun", "over"),
    [
        (certificates.VALID, True, False),
        (certificates.EXPIRED, True, True),
        (certificates.NOT_YET_VALID, False, False),
        (certificates.EXPIRES_SOON, True, False),
    ],
)
def test_leaves(period, begun, over):
    leaf = Authority().issue(["a.example", "192.0.2.1", "2001:db8::1", "*"], period=period)
    certificate = x509.load_pem_x509_certificate(leaf.certificate_pem)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    now = datetime.now(UTC)
    assert names.get_values_for_type(x509.DNSName) == ["a.example", "*"]
    assert names.get_values_for_type(x509.IPAddress) == [
        ipaddress.ip_address("192.0.2.1"),
        ipaddress.ip_address("2001:db8::1"),
    ]
    assert (certificate.not_valid_before_utc < now, certificate.not_valid_after_utc < now) == (begun, over)
    key = load_pem_private_key(leaf.key_pem, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert isinstance(key.curve, ec.SECP256R1)
    assert key.public_key() == certificate.public_key()


def test_a_leaf_without_a_subject_alternative_name():
    certificate = x509.load_pem_x509_certificate(Authority().issue([], common_name="Server at *").certificate_pem)
    with pytest.raises(x509.ExtensionNotFound):
        certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert certificate.subject.rfc4514_string().startswith("CN=Server at *")


async def test_authorities_are_strangers_to_each_other():
    ours, other = Authority("Same Name"), Authority("Same Name")
    context = ssl.create_default_context(cadata=ours.pem.decode())
    async with serve(replication, tls=server_context(other.issue(["a.example"]))) as address:
        with pytest.raises(ssl.SSLCertVerificationError):
            await asyncio.open_connection(*address, ssl=context, server_hostname="a.example")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
async def test_a_foreign_client_verifies_the_server_for_every_version():
    async with stand_in_site("webconsole") as site:
        (at,) = site.connect_to.values()
        for version in ("-tls1_2", "-tls1_3"):
            line = [
                "openssl",
                "s_client",
                "-connect",
                at,
                version,
                "-CAfile",
                site.ca_file,
                "-verify_hostname",
                "protect.demo.example",
            ]
            client = await asyncio.create_subprocess_exec(
                *line,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            output, _ = await asyncio.wait_for(client.communicate(), 10)
            assert b"Verify return code: 0 (ok)" in output or b"Verification: OK" in output, output


@pytest.mark.parametrize("role", SERVICES)
async def test_the_services_are_exactly_what_the_roles_plan_dials(role):
    profile, _ = loading.load_profile(role)
    async with stand_in_site(role) as site:
        values = site_of(("", {**site.values, "connect_to": site.connect_to}))
        plan = planning.plan([profile], values, built=protocols.known)
    endpoints = [check.endpoint for check in plan.checks if check.endpoint is not None]
    dialled = {"{}:{}".format(*(one.proxy or (one.host, one.port))) for one in endpoints}
    assert dialled == set(SERVICES[role])
    behind = {f"{one.host}:{one.port}" for one in endpoints if one.proxy}
    assert behind <= set(SERVICES[role])


async def test_a_site_is_on_loopback_and_removes_its_directory():
    async with stand_in_site("agent") as site:
        directory = Path(site.ca_file).parent
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        assert [one.name for one in directory.iterdir()] == ["ca.pem"]
        with open(site.ca_file, "rb") as file:  # noqa: ASYNC230, PTH123
            assert b"PRIVATE KEY" not in file.read()
        addresses = [at.rpartition(":") for at in site.connect_to.values()]
        assert all(ipaddress.ip_address(host).is_loopback and int(port) >= 1024 for host, _, port in addresses)
    assert not directory.exists()
    assert asyncio.all_tasks() == {asyncio.current_task()}
    for host, _, port in addresses:
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(host, int(port))


@pytest.mark.parametrize("fault", FAULTS)
async def test_every_fault_can_be_shown_by_some_role_and_opens(fault):
    role = next(role for role in SERVICES if fault in faults(role))
    async with stand_in_site(role, fault) as site:
        assert set(site.connect_to) == set(SERVICES[role])


def test_faults_replace_kinds_that_exist():
    kinds = {kind for services in SERVICES.values() for kind in services.values()}
    assert kinds == set(HEALTHY)
    assert {kind for fault in FAULTS.values() for kind in fault.instead} <= kinds
    assert "push" not in faults("webconsole")
    assert {"push", "proxy", "repository", "tls", "server", "certificate", "garbage", "tarpit"} <= set(faults("agent"))


async def test_unknown_words():
    with pytest.raises(KeyError):
        async with stand_in_site("nobody"):
            pass
    with pytest.raises(KeyError):
        async with stand_in_site("agent", "nothing"):
            pass
