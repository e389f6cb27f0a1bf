"""How secrets, user names, hardware addresses and serial numbers look in any text. Patterns only; who replaces them is
`Always`.

Sources: RFC 3986 3.2.1 (userinfo), RFC 7617 and 6750 (Basic, Bearer), RFC 7519 (JWT), RFC 7468 (PEM), RFC 4291 A
(EUI-64), RFC 4519 2.31 (serialNumber), IEEE 802 (48-bit addresses in their three usual spellings).
"""

import re

REMOVED = "[removed]"

# What stands after the word, up to what cannot be part of it. A quoted value goes with its quotes.
_VALUE = r"""(?:"[^"]{0,200}"|'[^']{0,200}'|[^\s"',;&<>\[\](){}]{1,200})"""
_WORDS = (
    r"pass(?:word|wd|phrase|code)?|pwd|secret|token|api[_-]?key|apikey|access[_-]?key|auth[_-]?key|client[_-]?secret|private[_-]?key|session[_-]?id"
    r"|sessionid|jsessionid|phpsessid|sid|credential|credentials|pin|otp"
)
SECRETS = (
    re.compile(r"-----BEGIN [A-Z0-9 ]{1,40}-----.*?(?:-----END [A-Z0-9 ]{1,40}-----|\Z)", re.DOTALL),
    re.compile(r"\b(?:Basic|Bearer|Negotiate|NTLM|Digest)\s+(?!realm\b)[A-Za-z0-9+/=._~-]{8,}", re.IGNORECASE),
    re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?"),
    re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\b(?:ghp|gho|ghs|github_pat|xox[abp])[_-][A-Za-z0-9_-]{10,}"),
)
# word=value, word: value, "word":"value"; group 1 stays
NAMED_SECRET = re.compile(rf"(\b(?:[\w-]{{0,40}}[_-])?(?:{_WORDS})[\"']?\s*(?:=|:(?!//))\s*){_VALUE}", re.IGNORECASE)
HEADER = re.compile(r"((?:Proxy-)?Authorization|(?:Set-)?Cookie2?)(\s*[:=]\s*)[^\r\n]+", re.IGNORECASE)
USERINFO = re.compile(r"(\b[a-z][a-z0-9+.-]{1,20}://)[^\s/@'\"<>]{1,200}@", re.IGNORECASE)
PAIR_AT_HOST = re.compile(r"(?<![\w.@/-])[\w.+\\-]{1,64}:[^\s@/:'\"]{1,200}@")  # user:password@host without a scheme
QUERY = re.compile(r"(\b[a-z][a-z0-9+.-]{1,20}://[^\s?#'\"<>]{1,400})[?#][^\s'\"<>]*", re.IGNORECASE)

# group 1: what leads to the name, group 2: the name
HOME = re.compile(
    r"(?i)((?:[\\/]|\b[a-z]:[\\/])(?:home|users|documents and settings)[\\/]+)"
    r"([^\\/\r\n\t\"'<>|:*?;]{1,64}(?=[\\/])|[^\\/\s\"'<>|:*?;,]{1,64})"
)
NAMED_USER = re.compile(
    r"(\b(?:(?:user(?:[_ ]?name)?|login|logon|uid|owner)[\"']?\s*[=:]\s*"
    rf"|(?:user(?:[_ ]?name)?|account|login|logon)\s*=?\s*(?=['\"])|account\s*=\s*))({_VALUE})",
    re.IGNORECASE,
)
DOMAIN_USER = re.compile(r"(?<![\\\w:./%-])([A-Za-z][\w.-]{0,62}\\)(?!\\)([A-Za-z][\w.$-]{0,63})(?![\w\\])")
MAIL = re.compile(r"(?<![\w.+@-])([\w.+-]{1,64})@((?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z0-9-]{2,63})(?![\w@])")
# Algorithms, check ids.
NO_MAIL = re.compile(r"(?:^|\.)(?:openssh\.com|libssh\.org|lysator\.liu\.se|ssh\.com)$|\.(?:tcp|udp)-\d", re.IGNORECASE)

MAC = re.compile(
    r"(?<![0-9A-Fa-f:.-])(?:[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}|[0-9A-Fa-f]{2}(?:-[0-9A-Fa-f]{2}){5}|[0-9A-Fa-f]{4}(?:\.[0-9A-Fa-f]{4}){2})"
    r"(?![0-9A-Fa-f]|[:.-][0-9A-Fa-f])"
)
SERIAL = re.compile(
    rf"(\b(?:serial[ _-]?(?:number|no|nr|num)?|s/n|service[ _-]?tag|2\.5\.4\.5)"
    rf"[\"']?\s*[.]?\s*(?:=|:|\#|\s(?=[A-Z0-9-]*\d))\s*)({_VALUE})",
    re.IGNORECASE,
)
IPV6 = re.compile(
    r"(?<![\w:.])(?=[0-9A-Fa-f:.]*:[0-9A-Fa-f.]*:)[0-9A-Fa-f:]{2,39}(?:\d{1,3}(?:\.\d{1,3}){3})?(?![\w:]|\.\w)"
)

# Accounts that every machine has: they name nobody.
_ACCOUNTS = (
    "root system localsystem localservice networkservice local service network public default nobody daemon www-data "
    "all"
)
COMMON_ACCOUNTS = frozenset(
    {*_ACCOUNTS.split(), "local service", "network service", "all users", "default user", "nt authority"}
)
PSEUDONYM = re.compile(r"(?:user|mac|serial)-\d{1,6}\Z")


def message(text: str) -> str:
    """A line about wrong use without the secrets that a user put where none belong. Words before a colon are ours here,
    so only name=value counts."""
    for pattern in SECRETS:
        text = pattern.sub(REMOVED, text)
    text = HEADER.sub(rf"\1\2{REMOVED}", text)
    text = PAIR_AT_HOST.sub(f"{REMOVED}@", USERINFO.sub(rf"\1{REMOVED}@", text))
    text = QUERY.sub(rf"\1?{REMOVED}", text)
    return NAMED_SECRET.sub(lambda match: match[1] + REMOVED if match[1].rstrip().endswith("=") else match[0], text)
