"""eset-portcheck: does this machine reach everything its ESET PROTECT role needs, and if not, who is in the way?"""

__version__ = "0.1.0"
# What is public, docs/api.md; types for checkers stand in __init__.pyi. Loaded when it is asked for: the command line
# starts through here.
__all__ = [
    "Credentials",
    "PortcheckError",
    "Report",
    "ReportFileError",
    "Row",
    "Settings",
    "Verdict",
    "WrongUse",
    "__version__",
    "acheck",
    "check",
    "load",
    "rejudge",
    "render",
]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    if name == "render":  # it has a room of its own, which needs no network
        return import_module(f"{__name__}.render")
    return getattr(import_module(f"{__name__}.api"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
