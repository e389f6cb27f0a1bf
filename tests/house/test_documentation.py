"""The pages of the repository hold together: every reference leads somewhere, and the changelog knows the version."""

import re
import subprocess
from datetime import date
from pathlib import Path

import pytest

from eset_portcheck import __version__

ROOT = Path(__file__).resolve().parents[2]
SECTION = re.compile(r"^## \[?(Unreleased|\d+\.\d+\.\d+)\]?(?: - (\d{4}-\d{2}-\d{2}))?$", re.MULTILINE)
KINDS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}  # Keep a Changelog 1.1.0
MADE = ("docs/reasons/", "docs/roles/")


def anchor(heading: str) -> str:
    """As GitHub makes it: lower case, punctuation dropped, blanks to hyphens."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(page: Path) -> set[str]:
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return {anchor(heading) for heading in re.findall(r"^#{1,6} (.+)$", text, re.MULTILINE)}


def files(*suffixes: str) -> list[Path]:
    told = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, check=False)
    names = told.stdout.decode().split("\0") if told.returncode == 0 else [str(path.relative_to(ROOT)) for path in ROOT.rglob("*") if ".venv" not in path.parts]
    return [ROOT / name for name in sorted(names) if name.endswith(suffixes) and (ROOT / name).is_file()]


def broken(page: Path) -> list[str]:
    """Links of a page to places of the repository that are not there."""
    text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    targets = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r"^\[[^\]]+\]: (\S+)$", text, re.MULTILINE)
    lost = []
    for target in targets:
        if re.match(r"[a-z]+:", target):
            continue
        name, _, fragment = target.partition("#")
        goal = (page.parent / name).resolve() if name else page
        if not goal.exists() or (fragment and goal.suffix == ".md" and fragment not in anchors(goal)):
            lost.append(target)
    return lost


@pytest.mark.parametrize("page", [path for path in files(".md") if not str(path.relative_to(ROOT)).startswith(MADE)], ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    assert broken(page) == []


def test_a_lost_link_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "b.md").write_text("# One, two\n")
    page = tmp_path / "a.md"
    page.write_text("[good](b.md#one-two) [no page](c.md) [no place](b.md#three) [elsewhere](https://example.org/x)\n\n[named]: d.md\n")
    assert broken(page) == ["c.md", "b.md#three", "d.md"]


def test_the_changelog_has_a_dated_section_for_the_version() -> None:
    told = SECTION.findall((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    assert told[0] == ("Unreleased", ""), "what comes next is written at the top"
    versions = [name for name, _ in told[1:]]
    assert __version__ in versions, "a version without a section"
    assert versions == sorted(versions, key=lambda name: [int(part) for part in name.split(".")], reverse=True)
    days = [date.fromisoformat(day) for _, day in told[1:]]
    assert days == sorted(days, reverse=True)


def test_the_changelog_uses_the_six_kinds() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^### (.+)$", text, re.MULTILINE)) <= KINDS
    for section in re.split(SECTION.pattern, text, flags=re.MULTILINE)[3::3]:
        kinds = re.findall(r"^### (.+)$", section, re.MULTILINE)
        assert len(kinds) == len(set(kinds)), "one list a kind"
