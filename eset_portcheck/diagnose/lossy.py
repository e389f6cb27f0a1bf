"""A path that loses packets and works all the same: what is told of a row that passed with repeated packets, or only at
the second attempt. Pure."""

import msgspec

from eset_portcheck.diagnose.reading import Reading, of_kind
from eset_portcheck.model.evidence import Evidence, Retransmitted, Retried
from eset_portcheck.model.finding import Finding
from eset_portcheck.model.observation import Attempt
from eset_portcheck.model.params import Params


def told(reading: Reading, attempt: Attempt, evidence: list[Evidence]) -> Reading:
    lost, again = of_kind(evidence, Retransmitted, attempt), of_kind(evidence, Retried, attempt)
    if again is not None and not again.passed and reading.fails:
        twice = Params(attempts=2)
        findings = tuple(
            msgspec.structs.replace(one, params=twice.onto(one.params)) if one.reason == reading.reason else one
            for one in reading.findings
        )
        return msgspec.structs.replace(reading, findings=findings)
    if reading.fails or (lost is None and (again is None or not again.passed)):
        return reading
    params = Params(
        attempts=2 if again else None,
        stage=again.stage.value if again else None,
        repeated_syns=lost.syns if lost else None,
        connect_s=lost.connect_s if lost else None,
    )
    return msgspec.structs.replace(reading, findings=(*reading.findings, Finding("LOSSY_PATH", params=params)))
