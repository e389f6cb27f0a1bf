"""What a value of the report's vocabulary is called, one table each. Sentences stand where they are said.

The English text is the key of the catalogues; what is not in a table is shown as the code that it is.
"""

from eset_portcheck.texts.language import forms, message

OVERALL = {
    "ready": message("READY"),
    "warned": message("READY, with warnings"),
    "not-ready": message("NOT READY"),
    "unproven": message("UNPROVEN"),
    "partial": message("PARTIAL RUN: PASSED"),
    "checker-failed": message("CHECKER FAILED"),
    "interrupted": message("INTERRUPTED"),
}
READY_TO_INSTALL = message("READY FOR INSTALLATION")
COMPONENT = {
    "server": message("ESET PROTECT Server"),
    "bridge": message("ESET Bridge"),
    "mdc": message("ESET MDC"),
    "webconsole": message("ESET PROTECT Web Console"),
    "agent-host": message("computer that gets the agent"),
}
EXIT = {
    0: message("all required checks passed"),
    1: message("at least one required check failed"),
    3: message("no required check failed, but some are unproven"),
    4: message("the checker itself failed"),
    130: message("interrupted; results so far"),
}
ALSO = {
    "rows": message("details of rows"),
    "causes": message("causes"),
    "commands": message("commands"),
    "summary": message("the summary"),
    "proxies": message("choices of proxies"),
}
HEAD = {
    "role": message("role"),
    "what": message("purpose"),
    "target": message("target"),
    "port": message("port"),
    "short-port": message("port"),
    "track": message("proof"),
    "ipv4": message("v4"),
    "ipv6": message("v6"),
    "time": message("time"),
    "cause": "#",
    "reason": message("reason"),
    "bad-reason": message("reason"),
}
LABEL = {
    "seen": message("seen"),
    "means": message("means"),
    "who": message("who"),
    "where": message("where"),
    "do": message("do"),
    "ask": message("ask for"),
    "retry": message("retry"),
    "explains": message("explains"),
    "row": message("row"),
    "proof": message("to prove"),
}
COUNT = {
    "pass": forms("{count} pass", "{count} pass"),
    "warn": forms("{count} warn", "{count} warn"),
    "fail": forms("{count} fail", "{count} fail"),
    "error": forms("{count} error", "{count} error"),
    "unproven": forms("{count} unproven", "{count} unproven"),
    "skip": forms("{count} skipped", "{count} skipped"),
}
LEGEND = {
    "pass": message("proven"),
    "warn": message("works now, at risk"),
    "unproven": message("cannot be proven from here"),
    "fail": message("failed"),
    "error": message("the checker failed, not the network"),
    "skip": message("not applicable"),
}
CULPRIT = {
    "local-host": message("this machine"),
    "local-firewall": message("this machine's firewall"),
    "dns": message("name resolution (DNS)"),
    "local-route": message("this machine's routes"),
    "routing": message("routing in the network"),
    "middlebox": message("a device on the path"),
    "proxy": message("the proxy"),
    "tls-interceptor": message("a TLS inspection device"),
    "forward-path": message("the path to the target"),
    "return-path": message("the path back"),
    "remote-firewall": message("the target's own firewall"),
    "remote-host": message("the target machine"),
    "remote-service": message("the service on the target"),
    "remote-config": message("the configuration of the target"),
    "checker": message("this checker, not the network"),
    "unknown": message("not known from here"),
}
AUDIENCE = {
    "this-host": message("on this machine"),
    "network-team": message("network team"),
    "server-admin": message("server administrator"),
    "dns-admin": message("DNS administrator"),
    "proxy-admin": message("proxy administrator"),
    "database-admin": message("database administrator"),
    "support": message("ESET support"),
}
TOOL = {
    "request": message("{who}, a rule for any firewall:"),
    "zone-file": message("{who}, a line for the zone file:"),
    "named.conf": message("{who}, for named.conf (BIND):"),
    "unbound.conf": message("{who}, for unbound.conf:"),
    "sql": message("{who}, in the database:"),
}
CONFIDENCE = {"proven": message("proven"), "likely": message("likely"), "possible": message("possible")}
FAILURE = {
    "timeout": message("no answer in {time}"),
    "connection_refused": message("refused after {time}"),
    "connection_reset": message("reset after {time}"),
    "host_unreachable": message("host unreachable after {time}"),
    "network_unreachable": message("network unreachable after {time}"),
    "not_permitted": message("blocked by this machine after {time}"),
    "access_denied": message("denied by this machine after {time}"),
    "dns_timeout": message("no answer in {time}"),
    "dns_nxdomain": message("name does not exist, after {time}"),
    "dns_servfail": message("the server failed after {time}"),
    "dns_refused": message("the server refused after {time}"),
    "dns_bad_answer": message("invalid answer after {time}"),
    "dns_unreachable": message("the server is unreachable, after {time}"),
    "dns_no_address": message("the name has no address, after {time}"),
    "invalid_route": message("no usable route, after {time}"),
    "address_family_unusable": message("this machine cannot use this address family, after {time}"),
    "system_error": message("an error of the operating system after {time}"),
    "eof": message("closed by the other end after {time}"),
    "tls_alert": message("TLS alert after {time}"),
    "tls_failed": message("TLS failed after {time}"),
    "not_tls": message("answer is not TLS, after {time}"),
    "unexpected_bytes": message("answer in another protocol after {time}"),
    "proxy_refused": message("proxy refused after {time}"),
    "too_large": message("too much data for the protocol, after {time}"),
    "session_refused": message("session refused after {time}"),
    "session_not_tried": message("no session tried"),
    "extra_missing": message("an optional package is missing"),
    "budget_spent": message("time limit of the run reached after {time}"),
    "interrupted": message("interrupted after {time}"),
}
BIND = {
    "all": message("on all addresses"),
    "ipv4": message("on all IPv4 addresses, on no IPv6 one"),
    "ipv6": message("on all IPv6 addresses, on no IPv4 one"),
    "ipv6-at-least": message("on all IPv6 addresses; IPv4 not known"),
    "loopback": message("for this machine only (loopback)"),
    "connection": message("as the source port of a connection to another host"),
}
KNOWN_PROGRAM = {
    "old-eset-server": message("the server of ESET Remote Administrator 3 to 5"),
    "old-eset-proxy": message("the proxy of ESET Remote Administrator 6"),
    "apache-http-proxy": message("an Apache HTTP Proxy, which ESET Bridge replaces"),
    "squid": message("a Squid proxy"),
    "container-runtime": message("a container runtime; its published program is not visible here"),
    "sshd": message("an SSH server"),
    "directadmin": message("DirectAdmin"),
    "esxi-host": message("a VMware service"),
    "portainer": message("Portainer"),
    "unifi": message("a UniFi controller"),
    "collabora": message("Collabora Online"),
    "tvheadend": message("Tvheadend"),
    "sql-server": message("Microsoft SQL Server"),
    "mysql": message("MySQL or MariaDB"),
    "domain-controller": message("a domain controller's own service"),
    "http-sys": message("HTTP.sys of Windows: IIS or another service of the system"),
    "tomcat": message("an Apache Tomcat"),
    "apache": message("an Apache web server"),
    "nginx": message("an nginx other than ESET Bridge's"),
    "haproxy": message("HAProxy"),
    "java": message("a Java program"),
}
IGNORED = {
    "not-followed": message("not used: ESET components take their proxy only from their policy"),
    "bypassed": message("its settings exclude this destination"),
    "script-not-run": message("a script, which is not run"),
    "other-given": message("another one was given"),
    "same": message("the same"),
}
