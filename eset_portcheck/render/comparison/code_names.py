"""What the codes of a comparison are called. The English text is the key of the catalogues."""

from eset_portcheck.texts.language import forms, message

CHANGE = {
    "broken": message("BROKEN"),
    "cause-changed": message("CAUSE CHANGED"),
    "fixed": message("FIXED"),
    "new": message("NEW"),
    "gone": message("NO LONGER CHECKED"),
    "same": message("SAME"),
    "not-run": message("NOT RUN IN EITHER"),
}
COUNT = {
    "broken": forms("{count} broken", "{count} broken"),
    "cause-changed": forms("{count} with another cause", "{count} with another cause"),
    "fixed": forms("{count} fixed", "{count} fixed"),
    "new": forms("{count} new", "{count} new"),
    "gone": forms("{count} no longer checked", "{count} no longer checked"),
    "same": forms("{count} the same", "{count} the same"),
    "not-run": forms("{count} not run", "{count} not run"),
}
DIFFERENCE = {
    "order": message("the second report is older ({before}, then {after}): read every change in reverse"),
    "host": message("two different machines: {before}, then {after}"),
    "roles": message("different roles: {before}, then {after}"),
    "phase": message("different phases, which require different proof: {before}, then {after}"),
    "target": message("a row had another target ({key}): {before}, then {after}"),
    "profile": message("another profile: {before}, then {after}"),
    "tool": message("another version of the checker: {before}, then {after}"),
    "complete": message("a run was not finished (complete: {before}, then {after})"),
    "redirected": message("test overrides: {before}, then {after}"),
    "required": message("rows that count in one of the two runs only: {ids}"),
    "families": message("this machine's address families: {before}, then {after}"),
    "authority": message("a certification authority was given: {before}, then {after}"),
    "public-authorities": message("the public authorities: {before}, then {after}"),
}
MEANING = {
    "silence-to-refusal": message("before no answer, now refused: the path is open, the service is down"),
    "silence-to-refusal-unsure": message(
        "before no answer, now refused: if the host itself refuses, the path is open and the service is down"
    ),
    "refusal-to-silence": message(
        "before refused by the host, now no answer: a firewall now blocks the path, or the host drops instead of "
        "refusing"
    ),
    "refusal-unsure-to-silence": message("before refused, now no answer: the same device or host now drops"),
    "silence-to-rejection": message("before no answer, now rejected: still blocked, but the device is now known"),
    "rejection-to-silence": message("before rejected, now no answer: still blocked"),
    "rejection-to-refusal": message("no longer blocked: the host itself refuses now, so the service is down"),
    "refusal-to-rejection": message("before refused by the host itself, now by a device on the path"),
    "refusal-unsure-to-refusal": message(
        "the same refusal, now proven to come from the host itself: the service is down"
    ),
    "silence-to-cut": message(
        "before no answer, now the port is open: the connection is accepted, but the service does not answer correctly"
    ),
    "host-down-to-refusal": message("the host is up now but refuses: the service is down"),
    "host-down-to-silence": message("before the host was down, now no answer from it or from a device on the path"),
    "silence-to-host-down": message("before no answer, now the last router reports that the host does not exist"),
    "proven-to-name": message("the name no longer resolves: the service could not be tested"),
    "proven-to-route": message("no route to the target's network any more"),
    "proven-to-host-down": message("the host no longer answers on its network"),
    "proven-to-proxy": message("the proxy can no longer be reached: the destinations behind it could not be tested"),
    "proven-to-silence": message(
        "before it answered, now no answer: a rule was added on the path or on the target, or the return path fails"
    ),
    "proven-to-rejection": message("a firewall rejects now: a rule was added"),
    "proven-to-refusal": message("the path is still open, the service is down"),
    "proven-to-refusal-unsure": message(
        "refused now: the service is down, or a device on the path refuses with its address"
    ),
    "proven-to-cut": message("the connection is still accepted, but the service no longer answers correctly"),
    "proven-to-stranger": message("another service answers now"),
    "proven-to-certificate": message("the certificate changed or is no longer valid"),
    "proven-to-denied": message("still reachable, but it refuses now"),
    "proven-to-local": message("something changed on this machine: its port or its firewall"),
    "now-run": message("only in the later run: nothing to compare with"),
    "not-run": message("not run in the later report (not selected, or a condition is false): current state unknown"),
    "not-listed": message("not in the later report: current state unknown"),
    "checker-failed": message("the checker itself failed on this row in the later run: network state unknown"),
    "still-proven-warned": message("still proven, with a new warning"),
    "still-proven-other-warning": message("still proven, with another warning"),
    "warning-gone": message("proven, without the warning"),
    "proven-now": message("proven now"),
    "no-longer-disproven": message("no longer fails, but not proven"),
    "no-longer-proven": message("no longer proven, but not shown to fail"),
    "disproven-now": message("before unproven, now fails"),
    "failover": message("broken, but an alternative works: no impact as long as the alternative works"),
    "more-asked": message("gets as far as before, but more is required now"),
    "other-place": message("same fault, another place"),
    "other-culprit": message("same fault, another likely cause"),
    "farther": message("gets further than before, then fails for another reason"),
    "less-far": message("fails earlier than before, for another reason"),
    "other-reason": message("fails for another reason"),
}
EXIT = {
    0: message("no regression: no required row got worse"),
    1: message("regressed: a required row got worse"),
}
