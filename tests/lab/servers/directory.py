"""The domain controller: MIT Kerberos, OpenLDAP (anonymous, and one that demands TLS), and a real Active Directory
(Samba) on demand."""

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.lab.servers.service import Place, Service, command
from tests.lab.topology import DC, DC_ACTIVE_DIRECTORY, DC_STRICT, PASSWORD, REALM

AD_REALM = "AD.LAB.TEST"
# In the configuration and not on the command line: samba starts winbindd by itself, which would else answer every other
# smbd of the machine from a pipe in /run, and refuse their accounts.
_AD_OWN = {
    "winbindd socket directory": "winbindd",
    "pid directory": "pid",
    "ncalrpc dir": "ncalrpc",
    "nmbd:socket dir": "nmbd",
}


def services(place: Place) -> list[Service]:
    return [
        _kerberos(place),
        _ldap(place, "slapd", DC, ""),
        _ldap(place, "slapd-strict", DC_STRICT, "security ssf=128\ndisallow bind_anon\n"),
        _active_directory(place),
    ]


def krb5_conf(folder: Path) -> str:
    return (
        f"[libdefaults]\n default_realm={REALM}\n dns_lookup_kdc=false\n dns_lookup_realm=false\n rdns=false\n"
        f"[realms]\n {REALM} = {{\n  kdc = dc.lab.test\n }}\n[logging]\n kdc = FILE:{folder}/log\n"
    )


def _kdc_conf(folder: Path) -> str:
    return (
        f"[kdcdefaults]\n kdc_listen={DC}:88\n kdc_tcp_listen={DC}:88\n"
        f"[realms]\n {REALM} = {{\n  database_name={folder}/db\n  key_stash_file={folder}/stash\n  max_life=1h\n }}\n"
    )


def _kerberos(place: Place) -> Service:
    folder = place.of("krb5kdc")
    env = {"KRB5_CONFIG": str(folder / "krb5.conf"), "KRB5_KDC_PROFILE": str(folder / "kdc.conf")}
    files = {"krb5.conf": krb5_conf(folder), "kdc.conf": _kdc_conf(folder)}
    return Service(
        "krb5kdc", "dc", ["krb5kdc", "-n", "-P", str(folder / "pid")], [("udp", DC, 88), ("tcp", DC, 88)], files,
        prepare=_principals(env), env=env, needs=("krb5kdc", "kdb5_util", "kadmin.local", "faketime"),
    )  # fmt: skip


def _principals(env: Mapping[str, str]) -> Callable[[Path], None]:
    def prepare(folder: Path) -> None:
        command(["kdb5_util", "create", "-s", "-r", REALM, "-P", f"master-{PASSWORD}"], env=env)
        for principal, flags in (
            ("agent", "+requires_preauth"), ("nopreauth", "-requires_preauth"), ("cifs/target.lab.test", ""), ("locked", "-allow_tix"),
        ):  # fmt: skip
            command(["kadmin.local", "-r", REALM, "-q", f"addprinc -pw {PASSWORD} {flags} {principal}"], env=env)

    return prepare


def _ldap(place: Place, name: str, address: str, more: str) -> Service:
    folder = place.of(name)
    certificate, key = place.pair("good")
    conf = (
        f"include /etc/ldap/schema/core.schema\nmodulepath /usr/lib/ldap\nmoduleload back_mdb\npidfile {folder}/pid\n"
        f"TLSCACertificateFile {place.ca}\nTLSCertificateFile {certificate}\nTLSCertificateKeyFile {key}\n{more}"
        f"database mdb\nmaxsize 10485760\nsuffix dc=lab,dc=test\nrootdn cn=admin,dc=lab,dc=test\nrootpw {PASSWORD}\ndirectory {folder}/tree\n"
    )
    argv = ["slapd", "-d", "0", "-h", f"ldap://{address}:389/", "-f", str(folder / "conf")]
    return Service(name, "dc", argv, [("tcp", address, 389)], {"conf": conf, "tree/.keep": ""})


def _active_directory(place: Place) -> Service:
    """Started on demand only: 10 s to provision, 89 MiB."""
    folder = place.of("samba-ad")
    ready = [
        (transport, DC_ACTIVE_DIRECTORY, port)
        for transport, port in (("tcp", 389), ("tcp", 445), ("udp", 88), ("udp", 53))
    ]
    argv = ["samba", "-F", "--no-process-group", "-s", str(folder / "ad/etc/smb.conf"), "-l", str(folder)]
    files = {f"{directory}/.keep": "" for directory in _AD_OWN.values()}
    return Service(
        "samba-ad",
        "dc",
        argv,
        ready,
        files,
        prepare=_provision,
        needs=("samba", "samba-tool"),
        relocate=("ad/etc/smb.conf",),
        default=False,
    )


def _provision(folder: Path) -> None:
    tree = folder / "ad"
    shutil.rmtree(tree, ignore_errors=True)
    command([
        "samba-tool", "domain", "provision", f"--targetdir={tree}", f"--realm={AD_REALM}", "--domain=ADLAB", "--server-role=dc",
        "--dns-backend=SAMBA_INTERNAL", f"--adminpass={PASSWORD}", "--host-name=addc", f"--host-ip={DC_ACTIVE_DIRECTORY}",
        f"--option=interfaces={DC_ACTIVE_DIRECTORY}/24", "--option=bind interfaces only=yes", "--option=dns forwarder=none",
        *(f"--option={name}={folder}/{directory}" for name, directory in _AD_OWN.items()),
        "--use-rfc2307",
    ], env={"PATH": f"{os.environ.get('PATH', '')}:/usr/sbin"})  # fmt: skip
