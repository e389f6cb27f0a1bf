"""The classes of facts by their key: what a conversation or this machine calls what it saw.

A key that is not here holds nobody knows what: its texts are searched for secrets like all others, and strict takes
them out.
"""

from eset_portcheck.model.privacy import Privacy

_CODES = """
    accepted age answer bind answer_code body_bytes capabilities cause client code component condition connected
    content currentTime direction dialect dialects duration_s encrypted encryption entries errno error error_queue
    excluded_ports failure family fact firewall guest held_s hop how html install level encryption_types tls_tried
    log_on logon_status logon_status_name machine meaning mechanisms message methods minimum_ttl mtu netbios_session
    not_in_dns option os os_build package pid port ports protocol rcode received_bytes refusal release result
    result_name root sent server_time_utc servers service session session_present settings signed signing since_utc
    skew_accuracy_s skew_s smb1_only stage starttls starttls_result starttls_tried state status status_code
    status_name step stime_utc suffix supportedLDAPVersion supportedSASLMechanisms susec system tls tools transport
    ttl ttl_walk type unread v6only value verdict why default started_s neighbour sources truncated reply bind
    database_kind enabled unit listens"""
_KINDS = {
    Privacy.PEER: "content_type date plugin plugin_asked proxy_authenticate server software vendorName version "
    "x_squid_error",
    Privacy.ALGORITHM: "cipher host_key kex mac",
    Privacy.HOST: "address addresses all_proxy asked computer disagrees dns dnsHostName dns_computer dns_domain domain "
    "from gateway http_proxy https_proxy interval"
    " kdcs database proxies destination"
    " name names no_proxy other realm realm_asked redirects source strangers target tried_on"
    " via_destination",
    Privacy.DN: "ca defaultNamingContext issuer namingContexts subject",
    Privacy.FINGERPRINT: "body_sha256 host_key_sha256 sha256",
    Privacy.URL: "location",
    Privacy.VIA: "via",
    Privacy.PATH: "closed home path read",
    Privacy.INTERFACE: "interface interfaces",
    Privacy.USER: "user account",
    Privacy.BYTES: "first_bytes surplus",
    Privacy.CHECK_ID: "group",
    Privacy.PROCESS: "process",
    Privacy.TEXT: "chain rule table",
}
KEYS: dict[str, Privacy] = dict.fromkeys(_CODES.split(), Privacy.CODE) | {
    key: kind for kind, keys in _KINDS.items() for key in keys.split()
}

# The same word with another meaning, by the field that the facts stand in.
BY_FIELD: dict[tuple[str, str], Privacy] = {
    ("os", "name"): Privacy.CODE,
    ("os", "version"): Privacy.CODE,
    ("eset_products", "version"): Privacy.CODE,
    ("eset_products", "name"): Privacy.TEXT,
    ("eset_products", "servers"): Privacy.HOST,
}


def of_key(field: str, key: str) -> Privacy | None:
    """None: unknown."""
    return BY_FIELD.get((field, key)) or KEYS.get(key)
