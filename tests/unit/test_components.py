"""What is installed here and what its files say: recorded Windows machines in two languages, Linux trees, and files
that hold anything."""

import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eset_portcheck.host import linux, settings, windows_components
from eset_portcheck.host.disk import HEAD_BYTES, TAIL_BYTES, Disk
from eset_portcheck.model.site import host_and_port

FIXTURES = Path(__file__).parents[1] / "fixtures" / "host"
SECRETS = ("C4nary", "era_user", "evil")


def recorded(language: str) -> list[dict[str, Any]]:
    folder = FIXTURES / f"windows-{language}"
    services = json.loads((folder / "services.json").read_text())
    registry = json.loads((folder / "registry.json").read_text())
    return windows_components.installed(
        map(tuple, services), lambda key: registry.get(key, {}), Disk(folder), r"C:\ProgramData"
    )


@pytest.mark.parametrize("language", ["en", "es"])
def test_a_recorded_windows_machine(language: str) -> None:
    found = {one["component"]: one for one in recorded(language)}
    assert set(found) == {"agent", "server", "bridge", "webconsole"}
    agent, server, console = found["agent"], found["server"], found["webconsole"]
    assert (agent["version"], agent["servers"]) == ("10.1.1288.0", ["protect.corp.local:2222", "old.corp.local:2222"])
    assert agent["path"] == r"C:\Program Files\ESET\RemoteAdministrator\Agent\ERAAgent.exe"
    assert (server["database"], server["database_kind"], server["version"]) == (
        "db.corp.local:1444",
        "mssql",
        "10.1.28.0",
    )
    assert (console["servers"], console["port"], console["service"]) == (["protect.corp.local:2223"], 443, "Tomcat9")
    assert console["path"].endswith(r"\apache-tomcat-9.0.64\webapps\era")
    assert not [word for word in SECRETS if word in json.dumps(list(found.values()))]


def test_a_machine_without_the_product() -> None:
    services = [
        ("Tomcat9", r"C:\Tomcat 9.0\bin\Tomcat9.exe //RS//Tomcat9"),
        ("ekrn", r'"C:\Program Files\ESET\ESET Security\ekrn.exe"'),
        ("x", ""),
    ]
    assert windows_components.installed(services, lambda _: {}, Disk(FIXTURES / "windows-en"), r"C:\ProgramData") == []


def test_a_closed_registry_hides_only_the_version() -> None:
    def closed(_: str) -> dict[str, object]:
        raise PermissionError

    services = [("EraAgentSvc", r'"C:\Program Files\ESET\RemoteAdministrator\Agent\ERAAgent.exe"')]
    (agent,) = windows_components.installed(services, closed, Disk(FIXTURES / "windows-en"), r"C:\ProgramData")
    assert "version" not in agent
    assert agent["servers"]


@pytest.mark.parametrize(
    ("command", "path"),
    [
        (r'"C:\Program Files\x y\a.exe" -k b', r"C:\Program Files\x y\a.exe"),
        (r"C:\Program Files\x y\a.exe -k b.exe", r"C:\Program Files\x y\a.exe"),
        (r"\SystemRoot\x.sys", r"\SystemRoot\x.sys"),
        ("", ""),
    ],
)
def test_the_program_of_a_service(command: str, path: str) -> None:
    assert windows_components.program(command) == path


def tree(root: Path, **files: str) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


AGENT = {
    "opt/eset/RemoteAdministrator/Agent/ERAAgent": "",
    "etc/opt/eset/RemoteAdministrator/Agent/config.cfg": "ProductName=Agent\nProductVersion=10.1.2.3\nProductInstanceID=secret-id\n",
    "var/log/eset/RemoteAdministrator/Agent/status.html": "<ul><li>Remote host: <b>protect.corp.local</b></li></ul>",
    "var/log/eset/RemoteAdministrator/Agent/trace.log": "x: 'host: \"10.9.9.9\" port: 2300' failed\n",
    "etc/systemd/system/eraagent.service": "[Service]\nExecStart=/opt/eset/RemoteAdministrator/Agent/ERAAgent --daemon --pidfile /run/eraagent.pid\n",
    "etc/systemd/system/multi-user.target.wants/eraagent.service": "",
}
SERVER = {
    "opt/eset/RemoteAdministrator/Server/ERAServer": "",
    "etc/opt/eset/RemoteAdministrator/Server/StartupConfiguration.ini": "DatabaseType=MySQLOdbc\nDatabaseConnectionString=Driver=MySQL ODBC 8.0 Unicode Driver;Server=127.0.0.1;Port=3306;Pwd=C4nary;\n",
    "var/lib/tomcat9/webapps/era/WEB-INF/classes/sk/eset/era/g2webconsole/server/modules/config/EraWebServerConfig.properties": "server_port=2300\n",
    "var/lib/tomcat9/conf/server.xml": '<Connector port="8080"/>\n<Connector\n  port="8443"\n  SSLEnabled="true"/>',
}


def test_a_linux_machine(tmp_path: Path) -> None:
    found = {one["component"]: one for one in linux.eset_products(tree(tmp_path, **AGENT, **SERVER))}
    assert set(found) == {"agent", "server", "webconsole"}
    agent = found["agent"]
    assert (agent["version"], agent["servers"]) == ("10.1.2.3", ["protect.corp.local:2222", "10.9.9.9:2300"])
    assert (agent["unit"], agent["enabled"]) == ("eraagent", True)
    assert found["server"] == {
        "component": "server",
        "path": "/opt/eset/RemoteAdministrator/Server/ERAServer",
        "database": "127.0.0.1:3306",
        "database_kind": "mysql",
        "read": ["/etc/opt/eset/RemoteAdministrator/Server/StartupConfiguration.ini"],
    }
    assert (found["webconsole"]["servers"], found["webconsole"]["port"]) == (["localhost:2300"], 8443)
    assert "secret-id" not in json.dumps(list(found.values()))


def test_the_version_of_a_package(tmp_path: Path) -> None:
    files = {
        "opt/eset/bridge/nginx/sbin/nginx": "",
        "var/lib/dpkg/info/eset-bridge:amd64.list": "/.\n/opt\n/opt/eset\n/opt/eset/bridge\n",
        "var/lib/dpkg/status": "Package: eset\nStatus: install ok installed\nVersion: 9\n\nPackage: eset-bridge\nStatus: install ok installed\nVersion: 3.1.27.0\n\n",
    }
    (bridge,) = linux.eset_products(tree(tmp_path, **files))
    assert (bridge["component"], bridge["package"], bridge["version"]) == ("bridge", "eset-bridge", "3.1.27.0")
    (tmp_path / "var/lib/dpkg/status").write_text(
        "Package: eset-bridge\nStatus: deinstall ok config-files\nVersion: 3.1.27.0\n"
    )
    assert "version" not in linux.eset_products(tmp_path)[0]


def test_a_unit_tells_of_a_component_elsewhere_and_a_leftover_of_none(tmp_path: Path) -> None:
    unit = {"etc/systemd/system/eraagent.service": "ExecStart=/srv/eset/ERAAgent --daemon\n"}
    assert linux.eset_products(tree(tmp_path, **unit)) == []
    (agent,) = linux.eset_products(tree(tmp_path, **{"srv/eset/ERAAgent": ""}))
    assert (agent["component"], agent["path"]) == ("agent", "/srv/eset/ERAAgent")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes in the file system")
def test_what_lies_in_a_files_place_holds_nothing_up(tmp_path: Path) -> None:
    tree(tmp_path, **{"opt/eset/RemoteAdministrator/Agent/ERAAgent": ""})
    logs = tmp_path / "var/log/eset/RemoteAdministrator/Agent"
    logs.mkdir(parents=True)
    os.mkfifo(logs / "status.html")
    (logs / "trace.log").symlink_to("trace.log")
    (tmp_path / "etc/opt/eset/RemoteAdministrator/Agent/config.cfg").mkdir(parents=True)
    assert linux.eset_products(tmp_path) == [
        {"component": "agent", "path": "/opt/eset/RemoteAdministrator/Agent/ERAAgent"}
    ]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="root gives its rights away")
def test_files_that_are_closed_are_named() -> None:
    with tempfile.TemporaryDirectory() as folder:  # pytest's own is closed to others
        root = tree(Path(folder), **AGENT)
        for path in (root, *(one for one in root.rglob("*") if one.is_dir())):
            path.chmod(0o755)
        (root / "var/log/eset/RemoteAdministrator/Agent").chmod(0o700)
        "".encode("utf-8-sig")  # a codec is a file of Python's own, which may be closed too
        os.seteuid(65534)
        try:
            (agent,) = linux.eset_products(root)
        finally:
            os.seteuid(0)
    assert agent["closed"] == [
        f"/var/log/eset/RemoteAdministrator/Agent/{name}" for name in ("status.html", "trace.log")
    ]
    assert (agent["version"], "servers" in agent) == ("10.1.2.3", False)


def test_a_file_is_read_no_farther_than_its_cap(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(b"a" * HEAD_BYTES + b"b" * TAIL_BYTES)
    disk = Disk(tmp_path)
    assert (len(disk.text("/big")), set(disk.text("/big"))) == (HEAD_BYTES, {"a"})
    assert (len(disk.text("/big", tail=True)), set(disk.text("/big", tail=True))) == (TAIL_BYTES, {"b"})
    assert disk.text("/../../big") == "a" * HEAD_BYTES  # never out of a recorded machine


@pytest.mark.parametrize(
    ("text", "database"),
    [
        ("Driver=MySQL ODBC 8.0 Unicode Driver;Server=db;Port=3307", "db:3307"),
        ("driver={MySQL ODBC 5.3 Driver}; SERVER = 10.1.1.1 ;", "10.1.1.1:3306"),
        ("Driver=MySQL;Pwd={a;Server=evil;Port=1}}2};Server=db;Server=later", "db:3306"),
        ("Driver=MySQL;Pwd={a}};Server=evil;b};Server=db", "db:3306"),
        ("Driver=MySQL;Pwd={a;Server=evil", None),
        ("Driver=MySQL;Server=db;Port=99999", None),
        ("Driver=MySQL;Server=a b;", None),
        ("Driver={SQL Server};Server=(local)", "localhost:1433"),
        ("Driver=SQL Server Native Client 11.0;Server=tcp:db1\\ERASQL,1444", "db1:1444"),
        ("Driver={SQL Server};Server=[fd00::1],1444", "[fd00::1]:1444"),
        ("Server=db", None),
    ],
)
def test_connection_strings(text: str, database: str | None) -> None:
    assert settings.startup(f"DatabaseConnectionString={text}\n").get("database") == database


HOSTILE = st.one_of(
    st.text(max_size=400),
    st.text(alphabet='<>li/&;#:{}=",.[]\\\n 0123456789abchostremo-!', max_size=600),
    st.lists(
        st.sampled_from(["<li>", "</li>", "Remote host:", " a.b:2222", "<!--", "-->", "<Connector ", 'port="', '443"', ">", "DatabaseConnectionString=", "Server=", "{", "}", ";", "x" * 300, 'host: "', '" port: ', "99999", "server_address=", "\n", "\x00", "\u202e"]),
        max_size=60,
    ).map("".join),
)  # fmt: skip
READERS = [
    settings.config,
    settings.startup,
    settings.web_console,
    settings.tomcat,
    settings.status,
    settings.trace,
    lambda text: settings.package_version(text, "a"),
]


@pytest.mark.parametrize("reader", READERS, ids=lambda one: one.__name__)
@given(text=HOSTILE)
def test_whatever_a_file_holds_only_hosts_and_ports_come_out(reader: Any, text: str) -> None:
    told = reader(text)
    for place in [*told.get("servers", []), *([told["database"]] if "database" in told else [])]:
        host, port = host_and_port(place, "")
        assert host
        assert port is not None
        assert place.isprintable()
    assert len(told.get("servers", [])) <= 8
    assert set(told) <= {"servers", "version", "database", "database_kind", "port"}


@pytest.mark.parametrize("reader", READERS, ids=lambda one: one.__name__)
@pytest.mark.parametrize(
    "piece",
    [
        "<!--",
        "<li>",
        "<Connector ",
        "{",
        "}",
        ";",
        "=",
        "a=",
        "Remote host: ",
        'host: "',
        "Connection: ",
        "<",
        "DatabaseConnectionString={",
        '="',
        "\n",
    ],
)
def test_a_full_file_of_one_thing_is_read_at_once(reader: Any, piece: str) -> None:
    started = time.process_time()
    reader(piece * (HEAD_BYTES // len(piece)))
    reader("DatabaseConnectionString=" + piece * (HEAD_BYTES // len(piece)))
    assert time.process_time() - started < 1.5
