"""Large packets that vanish on the way to a server whose row works. Pure."""

import msgspec

from eset_portcheck.diagnose.gateway import THIS_HOST
from eset_portcheck.diagnose.reading import Reading, of_kind
from eset_portcheck.model.evidence import Evidence, LargeHello
from eset_portcheck.model.finding import Finding
from eset_portcheck.model.observation import Attempt
from eset_portcheck.model.params import Params
from eset_portcheck.model.reasons import REASONS
from eset_portcheck.model.vocabulary import Confidence

TO_TARGET, FROM_TARGET = "to the target", "from the target"  # the direction in which they vanish


def noted(reading: Reading, attempt: Attempt, evidence: list[Evidence]) -> Reading:
    """Large packets do not get there: a row that works for small ones is at risk."""
    large = of_kind(evidence, LargeHello, attempt)
    if large is None or not large.lost_for_its_size or reading.fails:
        return reading
    way = [THIS_HOST, str(attempt.address)]
    params = Params(hello_bytes=large.hello_bytes, direction=TO_TARGET, interval=way)
    return msgspec.structs.replace(
        reading,
        culprit=reading.culprit or REASONS["PMTU_BLACKHOLE"].culprit,
        confidence=Confidence.LIKELY,
        where=msgspec.structs.replace(reading.where, interval=way),
        findings=(Finding("PMTU_BLACKHOLE", params=params), *reading.findings),
    )
