"""axe-core finds nothing serious or critical: light, dark, narrow, folded and unfolded, in both languages."""

from typing import Any

import pytest

from tests.browser.conftest import Show
from tests.browser.test_page import NAMES, source

GRAVE = ("serious", "critical")
LOOKS: dict[str, dict[str, Any]] = {
    "light": {},
    "dark": {"color_scheme": "dark"},
    "narrow": {"viewport": {"width": 360, "height": 740}},
}


def found(page: Any) -> list[str]:
    from axe_playwright_python.sync_playwright import Axe

    told = Axe().run(page).response
    assert len(told["passes"]) > 10, "it ran"
    return [
        f"{one['impact']} {one['id']}: {[node['target'] for node in one['nodes']][:3]}" for one in told["violations"]
    ]


@pytest.mark.parametrize(
    ("name", "look"),
    [
        *((name, "light") for name in NAMES),
        *((name, look) for name in ("no-names", "proxy") for look in ("dark", "narrow")),
    ],
)
def test_no_serious_finding(show: Show, name: str, look: str) -> None:
    page = show(source(name, "es" if look == "narrow" else "en"), bypass_csp=True, **LOOKS[look])
    assert [one for one in found(page) if one.startswith(GRAVE)] == []
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert [one for one in found(page) if one.startswith(GRAVE)] == []


def test_it_would_find_one(show: Show) -> None:
    page = show(source("ready").replace('<html lang="en">', "<html>"), bypass_csp=True)
    assert any("html-has-lang" in one for one in found(page))
