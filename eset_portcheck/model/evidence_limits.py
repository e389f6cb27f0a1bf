"""How much evidence may send for one address of a row that fails, counted in packets that open something: SYNs,
datagrams, echo requests. What --dry-run promises, net keeps."""

WALK = 30  # SYNs to the port that is silent, with small hop limits
DISTANCE = 40  # SYNs to find hop limits: to the port, or to another one of the run
CONTROL_PORTS = 2  # other ports of the same address, a SYN each
OPENINGS = 4  # whole connections: with small segments, silent, begun in another way
SINGLE = 2  # a datagram to a closed UDP port, an echo request

PORT = max(WALK, DISTANCE + OPENINGS)
OTHERS = CONTROL_PORTS + SINGLE
