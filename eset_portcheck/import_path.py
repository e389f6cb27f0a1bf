"""Where modules are imported from: never from the folder in which the program happens to be started. Needs modules that
every start has loaded anyway.

What Python itself imports before the first line of this program is beyond its reach (`python -m` looks into the working
directory first, an empty entry of PYTHONPATH is the working directory too): the console script and `python -P -m` do
not look there. Sources: Python, "The initialization of the sys.path module search path", -P and PYTHONSAFEPATH.
"""

import os
import sys

_LIBRARY = os.path.dirname(os.__file__)  # noqa: PTH120  # pathlib is one of the modules that could come from the wrong place


def without_working_directory() -> None:
    """Takes the working directory, and whatever PYTHONPATH names relative to it, out of `sys.path`; but not the folder
    that this program is in."""
    given = os.environ.get("PYTHONPATH")
    relative = (
        []
        if given is None or sys.flags.ignore_environment
        else [one for one in given.split(os.pathsep) if not os.path.isabs(one)]  # noqa: PTH117
    )
    ours = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))  # noqa: PTH120
    try:
        here = os.getcwd()  # noqa: PTH109
    except OSError:  # it was removed
        here = ""
    unwanted = {"", here, *(os.path.normpath(os.path.join(here, one)) for one in relative)}  # noqa: PTH118
    kept = {_LIBRARY, ours} | {one for one in sys.path if one.startswith(sys.prefix + os.sep)}
    sys.path[:] = [one for one in sys.path if one not in unwanted or one in kept or os.path.realpath(one) == ours]
