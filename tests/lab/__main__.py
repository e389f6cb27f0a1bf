"""The laboratory by hand: `python -m tests.lab up | exec NODE CMD... | faults | fault NAME | down`. See `make lab`."""

import argparse
import os
import shlex
import subprocess
import sys
import time

from tests.lab import requirements
from tests.lab.fault_list import FAULTS
from tests.lab.laboratory import Lab
from tests.lab.net import LabError
from tests.lab.storage import CHECKOUT
from tests.lab.topology import LEAVES, v4

ROLES = {
    "agent": "--role agent --server server.lab.test --proxy bridge.lab.test:3128",
    "server": "--role server --database db.lab.test --database-kind mssql --domain-controller dc.lab.test --realm LAB.TEST --appliance",
    "target": "--role deploy-target",
}


def up(lab: Lab, asked: argparse.Namespace) -> int:
    if gaps := requirements.lacking():
        raise LabError(f"missing {', '.join(gaps)}; {requirements.BRING}")
    start = time.monotonic()
    lab.up(keep=True)
    print(f"The laboratory is up ({time.monotonic() - start:.1f} s). Files: {lab.place.home}\n")
    print("\n".join(f"  {lab.net.namespace(leaf):20} {v4(leaf, 2)}" for leaf in LEAVES))
    print("\nThe program in it:")
    for node, arguments in ROLES.items():
        line = [
            sys.executable,
            "-m",
            "tests.lab",
            "exec",
            node,
            sys.executable,
            "-m",
            "eset_portcheck",
            "check",
            *shlex.split(arguments),
        ]
        print(f"  {shlex.join(line)}")
    print(f"\nA shell:  {sys.executable} -m tests.lab exec agent bash")
    print(f"A fault:  {sys.executable} -m tests.lab fault drop-syn     (all of them: ... faults)")
    print("Down:     make lab-down")
    return 0


def execute(lab: Lab, asked: argparse.Namespace) -> int:
    return subprocess.call(lab.net.argv(asked.node, asked.argv), env=lab.environment(), cwd=CHECKOUT)


def fault(lab: Lab, asked: argparse.Namespace) -> int:
    with lab.fault(asked.name) as there:
        print(f"{there.name}: {there.meaning}. It is there; Enter or Ctrl-C takes it out.")
        try:
            sys.stdin.readline()
        except KeyboardInterrupt:
            print()
    print("It is gone.")
    return 0


def faults(lab: Lab, asked: argparse.Namespace) -> int:
    print("\n".join(f"{one.name:22} {one.meaning}" for one in FAULTS.values()))
    return 0


def start(lab: Lab, asked: argparse.Namespace) -> int:
    lab.start(asked.names)
    return 0


def down(lab: Lab, asked: argparse.Namespace) -> int:
    lab.down()
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.lab")
    parser.add_argument("--prefix", default=os.environ.get("LAB_PREFIX", "portcheck"))
    commands = parser.add_subparsers(required=True)
    for action, words in ((up, "build it"), (down, "take it down"), (faults, "list the faults")):
        commands.add_parser(action.__name__, help=words).set_defaults(do=action)
    one = commands.add_parser("exec", help="run a command in a node")
    one.add_argument("node")
    one.add_argument("argv", nargs=argparse.REMAINDER)
    one.set_defaults(do=execute)
    one = commands.add_parser("fault", help="inject a fault until Enter")
    one.add_argument("name", choices=FAULTS)
    one.set_defaults(do=fault)
    one = commands.add_parser("start", help="a server that is not started by default")
    one.add_argument("names", nargs="+")
    one.set_defaults(do=start)
    asked = parser.parse_args()
    try:
        return int(asked.do(Lab(asked.prefix), asked))
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
