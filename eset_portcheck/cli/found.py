"""What the command line leaves out and this machine knows: roles of installed components, and the values that their
files hold. Said, never silent."""

import argparse
from typing import Any

from eset_portcheck import streams
from eset_portcheck.cli.arguments import WrongUse

_OPTIONS = ("server", "database", "database_kind")  # options of their own; other values go by --set


class Machine:
    """The installed components, read once and only when something is asked of them."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._arguments = arguments
        self._products: list[dict[str, Any]] | None = None

    @property
    def products(self) -> list[dict[str, Any]]:
        if self._products is None:
            from eset_portcheck import host

            self._products = [] if self._arguments.no_detect else host.installed()
        return self._products

    def roles(self) -> list[str]:
        """Raises WrongUse where none is found. A role that needs a value which nobody can know here is named and left
        out."""
        from eset_portcheck import loading
        from eset_portcheck.loading import detected

        found = detected.roles(self.products)
        left_out = [role for role in found if role in detected.NEEDS_TARGET and not self._arguments.target]
        chosen = [role for role in found if role not in left_out]
        if not chosen:
            also = [
                f"{role} is installed here and needs --role {role} {detected.NEEDS_TARGET[role]}" for role in left_out
            ]
            why = (
                ""
                if self._arguments.no_detect
                else " (no ESET component was found on this machine)"
                if not found
                else ""
            )
            raise WrongUse(f"--role is needed{why} (repeatable); roles: {', '.join(loading.ROLES)}", *also)
        versions = {one["component"]: one.get("version", "") for one in self.products}
        self.say(
            "installed here: {components}", components=", ".join(f"{role} {versions[role]}".strip() for role in found)
        )
        for role in left_out:
            self.say("role {role} skipped: it needs {option}", role=role, option=detected.NEEDS_TARGET[role])
        return chosen

    def fill(self, profiles: list[Any], given: set[str]) -> list[str]:
        """Puts into the arguments what is not in `given` and the profiles ask for. The names of what was put there."""
        import socket

        import msgspec

        from eset_portcheck.loading import detected
        from eset_portcheck.model.site import host_and_port

        asked = {name for profile in profiles for name in profile.values}
        found = detected.values(self.products, [profile.role for profile in profiles], socket.gethostname())
        if "database" in given or "database_kind" in given:
            found = {name: value for name, value in found.items() if not name.startswith("database")}
        taken = {name: value for name, value in found.items() if name in asked and name not in given}
        for name, one in taken.items():
            if f"{name}_port" in given:  # a port that was given goes with the host that was found
                one = msgspec.structs.replace(one, value=host_and_port(one.value, name)[0])
            if name in _OPTIONS:
                setattr(self._arguments, name, one.value)
            else:
                self._arguments.set = [*self._arguments.set, f"{name}={one.value}"]
            option = "--" + name.replace("_", "-") if name in _OPTIONS else f"--set {name}="
            self.say("{option} {value}, from {file}", option=option, value=one.value, file=one.source)
        return list(taken)

    def closed(self) -> list[str]:
        """Files that would have said more, were this user allowed to read them."""
        from eset_portcheck.loading import detected

        return detected.closed(self.products)

    def say(self, text: str, **values: str) -> None:
        from eset_portcheck.render.text import safe
        from eset_portcheck.texts.language import translator

        said = translator(getattr(self._arguments, "lang", "en"))(text).format(**values)
        streams.tell("eset-portcheck: " + safe(said, 400))
