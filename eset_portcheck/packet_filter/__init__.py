"""What packet filters do with a flow, from their rules alone: allow, drop, reject, or cannot-tell. Pure.

`flow` asks and answers. `packet`, `matching`, `ruleset` and `evaluation` walk the rules of netfilter, `windows` those
of Windows Firewall; `predictions` asks for every port and every way in. `readers` turn what the systems' own tools list
into what these evaluate; running those tools is left to `host`.
"""
