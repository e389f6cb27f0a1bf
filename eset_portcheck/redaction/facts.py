"""The classes of facts by their key: what a conversation, a stage, an observation or a finding calls what it saw.

A key that is not here holds nobody knows what: its texts are searched for secrets like all others, and strict takes
them out.
"""

from eset_portcheck.model.privacy import Privacy

_CODES = """
    accepted accepted_ttl accuracy_s age
    action alert answer bind answer_code answers_on body_bytes capabilities cause client code component condition
    connected content control_ttl currentTime days direction disagree dialect dialects duration_s encrypted encryption
    entries errno error
    error_queue excluded_ports failed failure family fact firewall guest held_s known hop hops how html install level
    hello_bytes clocks encryption_types problem tls_tried
    limit_s listener log_on logon_status logon_status_name machine meaning mechanisms message methods minimum_ttl
    missing mtu netbios_session not_after not_before not_in_dns openssl option os os_build package pid port ports
    protocol rcode reason received_bytes refusal refused_ttl release result result_name root segment_bytes
    sent server_time_utc servers service session session_present settings signed signing silent_connection since_utc
    skew_accuracy_s skew_s smb1_only stage starttls starttls_result starttls_tried state status status_code
    status_name
    step stime_utc suffix supportedLDAPVersion supportedSASLMechanisms susec system tested tls tools transport tried ttl
    ttl_walk type unread v6only value verdict walked why default started_s
    attempts connect_s hosts_file neighbour os_after_s repeated_syns sources truncated used
    reply bind database_kind enabled unit listens through inspector self_signed"""
_KINDS = {
    Privacy.PEER: "content_type date plugin plugin_asked proxy_authenticate server software vendorName version "
    "x_squid_error",
    Privacy.ALGORITHM: "cipher host_key kex mac",
    Privacy.HOST: "address addresses all_proxy asked computer disagrees dns dnsHostName dns_computer dns_domain domain "
    "from gateway http_proxy https_proxy interval"
    " kdcs configured database proxies destination"
    " name names no_proxy other realm realm_asked redirects source strangers target targets told_by tried_on"
    " via_destination",
    Privacy.DN: "ca defaultNamingContext issuer missing_issuer namingContexts subject",
    Privacy.FINGERPRINT: "body_sha256 host_key_sha256 sha256",
    Privacy.URL: "location",
    Privacy.VIA: "via",
    Privacy.PATH: "closed home path read",
    Privacy.INTERFACE: "interface interfaces",
    Privacy.USER: "user account",
    Privacy.BYTES: "first_bytes surplus",
    Privacy.CHECK_ID: "group",
    Privacy.PROCESS: "process",
    Privacy.TEXT: "chain rule table unanswered",
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
