"""eset-portcheck: does this machine reach everything its ESET PROTECT role needs, and if not, who is in the way?"""

__version__ = "0.1.0"
