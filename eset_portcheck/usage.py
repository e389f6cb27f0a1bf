"""The text of --help, made by tools/usage.py: loading argparse to print it would double the time of a start."""

TEXT = """\
usage: eset-portcheck [-h] [-V] COMMAND ...

Does this machine reach everything that its ESET PROTECT role needs? Tests
each path; shows what fails, where, and how to fix it.

positional arguments:
  COMMAND
    check        probe every path that a role needs
    ports        who holds the ports of a role on this machine
    roles        list the roles
    show         the port table of one role
    demo         a stand-in site on this machine, checked by the same code
    report       render a report file again, in any format
    compare      what changed between two reports
    bundle       the zip for the ticket
    rules        least-privilege firewall rules
    explain      what a reason code or a check means, offline

options:
  -h, --help     show this help message and exit
  -V, --version  print the version and exit

Exit: 0 all required proven, 1 something required failed, 2 wrong use, 3
something required unproven, 4 checker failed, 130 interrupted.
"""
