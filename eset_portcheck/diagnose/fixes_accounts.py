"""Commands for whoever keeps the accounts of shares and databases. Most only look; what changes has its undo. Pure.

Source: MySQL reference manual (account names, host cache); Get-SmbShare, Get-LocalUser.
"""

from collections.abc import Callable

from eset_portcheck.diagnose.fixes_case import DATABASE, SERVER, Advice, Case
from eset_portcheck.diagnose.fixes_commands import Command

_LSA = r"reg query HKLM\SYSTEM\CurrentControlSet\Control\Lsa\MSV1_0"


def _shares(line: str) -> Callable[[Case], Advice]:
    def advise(_: Case) -> Advice:
        yield SERVER, Command("powershell", line)

    return advise


def _database_account(one: Case) -> Advice:
    if one.source:
        account = f"'USER'@'{one.source}'"  # an address: SQL has no quote for more
        yield (
            DATABASE,
            Command(
                "sql",
                f"CREATE USER {account} IDENTIFIED BY 'PASSWORD'; GRANT ALL ON DATABASE.* TO {account};",
                f"DROP USER {account};",
            ),
        )
    yield DATABASE, Command("sql", "SELECT user, host FROM mysql.user;")


def _database_hosts(_: Case) -> Advice:
    yield DATABASE, Command("mysqladmin", "mysqladmin flush-hosts")
    yield DATABASE, Command("sql", "TRUNCATE TABLE performance_schema.host_cache;")


def _database_connections(_: Case) -> Advice:
    yield (
        DATABASE,
        Command(
            "sql", "SHOW STATUS LIKE 'Threads_connected'; SHOW VARIABLES LIKE 'max_connections'; SHOW PROCESSLIST;"
        ),
    )


BY_REASON: dict[str, Callable[[Case], Advice]] = {
    "SMB_LOGON_FAILURE": _shares("Get-LocalUser; Get-LocalGroupMember -SID S-1-5-32-544"),
    "SMB_ACCOUNT_LOCKED": _shares("Search-ADAccount -LockedOut"),
    "SMB_ACCESS_DENIED": _shares("Get-LocalGroupMember -SID S-1-5-32-544"),
    "SMB_SHARE_MISSING": _shares("Get-SmbShare -Special $true; Get-Service LanmanServer"),
    "SMB_NTLM_BLOCKED": _shares(_LSA),
    "SMB1_ONLY": _shares("Get-SmbServerConfiguration | Select-Object EnableSMB1Protocol, EnableSMB2Protocol"),
    "MYSQL_HOST_NOT_ALLOWED": _database_account,
    "MYSQL_HOST_BLOCKED": _database_hosts,
    "MYSQL_TOO_MANY_CONNECTIONS": _database_connections,
}
