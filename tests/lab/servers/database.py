"""MariaDB (open, and one that allows no host of ours) and the SQL Server peer (encryption of the login, and of
everything)."""

import sys
from collections.abc import Callable
from pathlib import Path

from tests.lab.servers.service import Place, Service, command
from tests.lab.topology import DATABASE, DATABASE_STRICT, PASSWORD

TDS_PEER = Path(__file__).parents[1] / "tds_peer.py"
_SMALL = (
    "--skip-log-bin", "--performance-schema=off", "--innodb-buffer-pool-size=16M", "--innodb-log-file-size=4M", "--innodb-flush-method=nosync",
    "--aria-pagecache-buffer-size=1M", "--key-buffer-size=1M", "--thread-stack=256K",
)  # fmt: skip


def services(place: Place) -> list[Service]:
    certificate, key = place.pair("good")
    # the defaults (10 s, 100 errors) empty a full server by themselves, and would block the agent after two "too many"
    # faults
    patient = (
        "--max-connections=50",
        "--connect-timeout=120",
        "--max-connect-errors=100000",
        f"--ssl-cert={certificate}",
        f"--ssl-key={key}",
    )
    return [
        _mariadb(place, "mariadb", DATABASE, patient, "'era'@'%'"),
        _mariadb(place, "mariadb-strict", DATABASE_STRICT, ("--max-connections=10", "--skip-name-resolve"), "'era'@'10.99.0.1'"),
        *(
            Service(name, "db", [sys.executable, "-P", str(TDS_PEER), address, "--cert", certificate, "--key", key, "--encrypt", mode],
                    [("tcp", address, 1433)])
            for name, address, mode in (("tds", DATABASE, "off"), ("tds-force", DATABASE_STRICT, "req"))
        ),
    ]  # fmt: skip


def _mariadb(place: Place, name: str, address: str, more: tuple[str, ...], account: str) -> Service:
    folder = place.of(name)
    argv = ["mariadbd", "--no-defaults", "--user=root", f"--datadir={folder}/data", f"--bind-address={address}", "--port=3306",
            f"--socket={folder}/sock", f"--pid-file={folder}/pid", *_SMALL, *more]  # fmt: skip
    return Service(
        name, "db", argv, [("tcp", address, 3306)], prepare=_tables(account), needs=("mariadbd", "mariadb-install-db")
    )


def _tables(account: str) -> Callable[[Path], None]:
    def prepare(folder: Path) -> None:
        (folder / "data").mkdir(exist_ok=True)
        data = ["--no-defaults", "--user=root", f"--datadir={folder}/data", "--innodb-log-file-size=4M"]
        command(["mariadb-install-db", *data, "--skip-test-db", "--auth-root-authentication-method=normal"])
        sql = f"FLUSH PRIVILEGES;\nCREATE USER {account} IDENTIFIED BY '{PASSWORD}';\nGRANT ALL ON *.* TO {account};\n"
        command(["mariadbd", *data, "--bootstrap", "--skip-networking"], text_in=sql)

    return prepare
