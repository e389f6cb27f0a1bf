"""The healthy laboratory, asked by real clients: is what the program is measured against what it claims to be?"""

import re

import pytest

from tests.lab import questions as ask
from tests.lab.laboratory import Lab
from tests.lab.observation import Observation
from tests.lab.topology import PASSWORD

S_CLIENT = "openssl s_client -CAfile $LAB_CA </dev/null -connect"
SMBCLIENT = f"smbclient -U Administrator%{PASSWORD} -c ls"
TSQL = "printf 'select 1\\ngo\\nquit\\n' | tsql -p 1433 -U sa"
MQTT = "mosquitto_sub --cafile $LAB_CA -t x -C 1 -W 1 -d -h"
CURL = "curl -sv --max-time 8"

CLIENTS: dict[str, tuple[str, str]] = {  # name: (command, what its output must hold)
    "dns-a": ("dig +short epns.eset.com A", "10.77.6.2"),
    "dns-aaaa": ("dig +short epns.eset.com AAAA", "fd77:6::2"),
    "dns-srv": ("dig +short _kerberos._udp.lab.test SRV", "dc.lab.test"),
    "dns-nxdomain": ("dig nosuch.lab.test", "NXDOMAIN"),
    "mqtt-8883": (f"{MQTT} epns.eset.com -p 8883", r"CONNACK \(0\)"),
    "mqtt-443": (f"{MQTT} epns.eset.com -p 443", r"CONNACK \(0\)"),
    "mqtt-password-missing": (f"{MQTT} epns-auth.lab.test -p 8883", r"CONNACK \(5\)"),
    "mqtt-password": (f"{MQTT} epns-auth.lab.test -p 8883 -u agent -P {PASSWORD}", r"CONNACK \(0\)"),
    "mqtt-expired": (f"{MQTT} epns-expired.lab.test -p 8883", "certificate|TLS|Protocol"),
    "server-2222": (f"{S_CLIENT} server.lab.test:2222 -verify_hostname server.lab.test", "Verify return code: 0"),
    "server-2222-asks": (f"{S_CLIENT} server.lab.test:2222", "Acceptable client certificate CA names"),
    "server-2223-h2": (f"{S_CLIENT} server.lab.test:2223 -alpn h2", "ALPN protocol: h2"),
    "mdc-9981": (f"{S_CLIENT} server.lab.test:9981", "Verify return code: 0"),
    "mtls-13": (f"(sleep 1; echo) | {S_CLIENT.replace('</dev/null', '')} 10.77.2.3:2222", "certificate required"),
    "mtls-12": (f"{S_CLIENT} 10.77.2.4:2222", "alert|handshake failure"),
    "repository": ("curl -s http://repository.eset.com/v1/info.meta", "repository stand-in"),
    "proxy-connect": (
        f"{CURL} -p -x http://bridge.lab.test:3128 --cacert $LAB_CA https://api.push.apple.com:2197/index.html",
        "apns\n(.|\n)*HTTP/1.1 200",
    ),
    "proxy-407": (
        f"{CURL} -x http://bridge-auth.lab.test:3128 http://repository.eset.com/v1/info.meta",
        "HTTP/1.1 407",
    ),
    "proxy-password": (
        f"{CURL} -x http://agent:{PASSWORD}@bridge-auth.lab.test:3128 http://repository.eset.com/v1/info.meta",
        "stand-in",
    ),
    "proxy-403": (f"{CURL} -x http://bridge-deny.lab.test:3128 https://epns.eset.com:8883/", "HTTP/1.1 403"),
    "apns-2197": ("nghttp --no-verify-peer https://api.push.apple.com:2197/index.html", "apns"),
    "apns-5223": (f"{S_CLIENT} api.push.apple.com:5223", "Verify return code: 0"),
    "fcm-5228": (f"{S_CLIENT} fcm.googleapis.com:5228", "Verify return code: 0"),
    "ssh-key": ("ssh-keyscan -T 3 target.lab.test", "ssh-ed25519"),
    "smb-445": (f"{SMBCLIENT} -p 445 '//target.lab.test/ADMIN$'", "blocks"),
    "smb-139": (f"{SMBCLIENT} -p 139 -n AGENT '//TARGET/ADMIN$' -I 10.77.5.2", "blocks"),
    "smb-wrong-password": ("smbclient -U Administrator%bad -c ls '//target.lab.test/ADMIN$'", "LOGON_FAILURE"),
    "smb-denied": (f"smbclient -U plainuser%{PASSWORD} -c ls '//target.lab.test/ADMIN$'", "ACCESS_DENIED"),
    "smb-locked": (f"smbclient -U lockeduser%{PASSWORD} -c ls '//target.lab.test/ADMIN$'", "ACCOUNT_LOCKED_OUT"),
    "smb-no-share": (f"{SMBCLIENT} '//target.lab.test/C$'", "BAD_NETWORK_NAME"),
    "smb-signed-2.0.2": (f"{SMBCLIENT} -m SMB2_02 '//target-signed.lab.test/ADMIN$'", "NOT_SUPPORTED"),
    "smb-signed-3.1.1": (f"{SMBCLIENT} -m SMB3_11 '//target-signed.lab.test/ADMIN$'", "blocks"),
    "smb-no-ntlm": (f"{SMBCLIENT} '//target-nontlm.lab.test/ADMIN$'", "NTLM_BLOCKED"),
    "netbios-name": ("nmblookup -U 10.77.5.2 TARGET", "10.77.5.2"),
    "netbios-status": ("nmblookup -A 10.77.5.2", "TARGET +<00>"),
    "kerberos-ticket": (
        f"export KRB5CCNAME=MEMORY:x; echo {PASSWORD} | kinit -V agent@LAB.TEST",
        "Authenticated to Kerberos",
    ),
    "kerberos-unknown": ("echo x | kinit nosuch@LAB.TEST", "not found"),
    "kerberos-locked": (f"echo {PASSWORD} | kinit locked@LAB.TEST", "revoked"),
    "ldap": ("ldapsearch -x -H ldap://dc.lab.test -s base -b '' namingContexts", "namingContexts: dc=lab"),
    "ldap-starttls": (
        "LDAPTLS_CACERT=$LAB_CA ldapsearch -x -ZZ -H ldap://dc.lab.test -s base -b '' namingContexts",
        "namingContexts: dc=lab",
    ),
    "ldap-strict": (
        f"ldapsearch -x -D cn=admin,dc=lab,dc=test -w {PASSWORD} -H ldap://dc-strict.lab.test -s base -b dc=lab,dc=test",
        "onfidentiality required",
    ),
    "mysql": (f"mariadb --no-defaults -h db.lab.test -u era -p{PASSWORD} -e 'select version()'", "MariaDB"),
    "mysql-wrong-password": ("mariadb --no-defaults -h db.lab.test -u era -pbad -e 'select 1'", "1045"),
    "mysql-host-denied": (f"mariadb --no-defaults -h db-strict.lab.test -u era -p{PASSWORD} -e 'select 1'", "1130"),
    "sql-server": (f"{TSQL} -H db.lab.test -P {PASSWORD}", "1 row affected"),
    "sql-server-wrong-password": (f"{TSQL} -H db.lab.test -P bad", "Login failed"),
    "ipv6": ("ping -6 -c 1 -W 1 server.lab.test", " 0% packet loss"),
}


@pytest.mark.parametrize("name", CLIENTS)
def test_real_client(lab: Lab, name: str) -> None:
    command, wanted = CLIENTS[name]
    done = lab.exec("agent", ["sh", "-c", command], timeout=120)
    assert re.search(wanted, done.stdout + done.stderr), f"{command}\n{done.stdout}{done.stderr}"


QUESTIONS = {
    name: value for name, value in vars(ask).items() if isinstance(value, Observation) and value.healthy is not None
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_observer(lab: Lab, name: str) -> None:
    lab.expect(QUESTIONS[name], QUESTIONS[name].healthy, "healthy")


@pytest.mark.parametrize("host", ["10.77.3.2", "10.77.3.3"])
def test_sql_server_accepts_a_second_real_client(lab: Lab, host: str) -> None:
    """python-tds, against encryption of the login only and of everything."""
    query = f"""
import sys, pytds
with pytds.connect(sys.argv[1], user="sa", password={PASSWORD!r}, cafile=sys.argv[2], validate_host=False, login_timeout=60) as connection:
    with connection.cursor() as cursor:
        cursor.execute("select 1")
        print(cursor.fetchall())
"""
    import sys

    done = lab.exec("agent", [sys.executable, "-c", query, host, str(lab.ca)])
    assert "[(1,)]" in done.stdout, done.stderr


@pytest.mark.slow
def test_active_directory(lab: Lab) -> None:
    """A real one (Samba), on demand: it is costly, and Kerberos and LDAP answer otherwise than MIT's and OpenLDAP's."""
    lab.start(["samba-ad"])
    bind = lab.exec(
        "agent",
        ["sh", "-c", f"ldapsearch -x -D Administrator@AD.LAB.TEST -w {PASSWORD} -H ldap://10.77.4.4 -s base -b '' dn"],
    )
    assert "Strong" in bind.stderr, bind
    found = lab.exec("agent", ["dig", "+short", "@10.77.4.4", "_kerberos._udp.ad.lab.test", "SRV"])
    assert "addc.ad.lab.test" in found.stdout
