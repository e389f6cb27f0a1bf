"""What is to be done about a cause, without a command that stands there twice. Pure."""

from eset_portcheck.render.wording.reason_text import Step


def each_once(here: list[Step], texts: list[Step], others: list[Step]) -> tuple[list[Step], list[Step], list[Step]]:
    """No command twice: a sentence that has it goes before a bare command, and the certificate is looked at in full or
    in part, not both."""
    told: set[str] = set()
    full = any("-showcerts" in line for step in here for line in step.commands)
    sentences = []
    for step in texts:
        lines = [line for line in step.commands if line not in told and not (full and _is_part_of_the_chain(line))]
        told |= set(lines)
        if lines or not step.commands or step.undo or not _is_part_of_the_chain(step.commands[0]):
            sentences.append(step._replace(commands=lines))
    bare: list[list[Step]] = []
    for steps in (here, others):
        bare.append([])
        for step in steps:
            if not step.undo and set(step.commands) <= told:
                continue
            told |= set(step.commands)
            bare[-1].append(step)
    return bare[0], sentences, bare[1]


def _is_part_of_the_chain(line: str) -> bool:
    return line.startswith("openssl s_client") and ("| openssl x509 " in line or line.endswith("-showcerts </dev/null"))
