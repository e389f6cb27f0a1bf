"""The computer to install on: Samba (plain, signed SMB 3.1.1, NTLM refused), NetBIOS names, and OpenSSH."""

from pathlib import Path

from tests.lab.servers.service import Place, Service, command
from tests.lab.topology import PASSWORD, TARGET, TARGET_NO_NTLM, TARGET_SIGNED

_DIRECTORIES = {
    "private dir": "private", "lock directory": "lock", "state directory": "state", "cache directory": "cache", "pid directory": "run",
    "ncalrpc dir": "ncalrpc", "binddns dir": "binddns", "nmbd:socket dir": "nmbd",
}  # fmt: skip
# Unix accounts behind the Windows names.
_ACCOUNTS = {
    "root": "Administrator",
    "nobody": "plainuser",
    "daemon": "lockeduser",
}
_SIGNED = " server min protocol = SMB3_11\n server signing = mandatory\n smb encrypt = desired\n"


def services(place: Place) -> list[Service]:
    hosts = (
        ("smb", TARGET, "TARGET", ""),
        ("smb-signed", TARGET_SIGNED, "TSIGNED", _SIGNED),
        ("smb-nontlm", TARGET_NO_NTLM, "TNONTLM", " ntlm auth = disabled\n"),
    )
    netbios = ["nmbd", "-F", "--no-process-group", "-s", str(place.of("smb") / "smb.conf"), "-l", str(place.of("smb"))]
    return [
        *(_smb(place, name, address, netbios_name, more) for name, address, netbios_name, more in hosts),
        Service("nmbd", "target", netbios, [("udp", TARGET, 137), ("udp", TARGET, 138)]),
        _ssh(place),
    ]


def _smb(place: Place, name: str, address: str, netbios_name: str, more: str) -> Service:
    folder = place.of(name)
    conf = (
        f"[global]\n workgroup = LAB\n netbios name = {netbios_name}\n server role = standalone server\n interfaces = {address}/24\n"
        " bind interfaces only = yes\n smb ports = 445 139\n map to guest = never\n disable spoolss = yes\n load printers = no\n"
        f" log file = {folder}/log.%m\n max log size = 500\n log level = 1 auth:3\n username map = {folder}/users.map\n"
        f" passdb backend = tdbsam:{folder}/private/passdb.tdb\n multicast dns register = no\n usershare max shares = 0\n"
        + "".join(f" {option} = {folder}/{directory}\n" for option, directory in _DIRECTORIES.items())
        + f"{more}[ADMIN$]\n path = {folder}/admin\n valid users = root\n read only = yes\n[public]\n path = {folder}/admin\n read only = yes\n"
    )
    users = "".join(f"{unix} = {windows}\n" for unix, windows in _ACCOUNTS.items())
    argv = ["smbd", "-F", "--no-process-group", "-s", str(folder / "smb.conf"), "-l", str(folder)]
    ready = [("tcp", address, 445), ("tcp", address, 139)]
    return Service(
        name,
        "target",
        argv,
        ready,
        {"smb.conf": conf, "users.map": users},
        prepare=_accounts,
        needs=("smbd", "smbpasswd", "pdbedit"),
    )


def _accounts(folder: Path) -> None:
    for directory in (*_DIRECTORIES.values(), "admin"):
        (folder / directory).mkdir(exist_ok=True)
    conf = str(folder / "smb.conf")
    for account in _ACCOUNTS:
        command(["smbpasswd", "-c", conf, "-s", "-a", account], text_in=f"{PASSWORD}\n{PASSWORD}\n")
    command(["pdbedit", "-s", conf, "-c", "[L]", "daemon"])


def _ssh(place: Place) -> Service:
    folder = place.of("sshd")
    conf = f"ListenAddress {TARGET}:22\nHostKey {folder}/key\nPidFile {folder}/pid\nUsePAM no\n"
    argv = ["/usr/sbin/sshd", "-D", "-e", "-f", str(folder / "conf")]
    return Service(
        "sshd",
        "target",
        argv,
        [("tcp", TARGET, 22)],
        {"conf": conf},
        prepare=_host_key,
        needs=("/usr/sbin/sshd", "ssh-keygen"),
        system_folders=("/run/sshd",),
    )


def _host_key(folder: Path) -> None:
    command(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / "key")])
