"""Words that stand in our own texts and in everybody's rules: as the name of a user or a machine they are replaced only
where such a name is sure to stand."""

_WORDS = """
    agent server bridge proxy database target host hosts client port name address local localhost domain network router
    gateway firewall dns mail web www ftp smtp sql mysql mssql postgres nginx squid apache tomcat java python eset
    protect push repository update listen deploy source sensor mobile device console appliance windows linux system root
    user admin test lab corp example internet tcp udp tls ssl ssh smb ldap kerberos mqtt http https none true false yes
    not the and for with from this that table chain filter input output forward drop accept reject rule inet any all add
    sudo info meta path file line open closed check run key value role site profile
"""
COMMON_WORDS = frozenset(_WORDS.split())
