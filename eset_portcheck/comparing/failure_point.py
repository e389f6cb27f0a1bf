"""Where a row broke, in a form that two runs can be held against each other by."""

from eset_portcheck.model.report import Row


def failure_point(row: Row) -> str:
    """The hop before the silence, the foreign address that spoke, the process or the authority; "" when nothing but the
    target itself is named.

    A process id changes with every start and a service's own addresses change with every answer of its name server:
    neither is another point of failure.
    """
    where = row.where
    if where.interval:
        return where.interval[0]
    own = {attempt.address for attempt in row.attempts} | {row.target}
    if where.address and where.address not in own:
        return where.address
    holder = where.process
    return (holder and (holder.path or holder.name)) or where.ca or ""
