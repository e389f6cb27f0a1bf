"""The pages of the repository hold together: every reference leads somewhere, and the changelog knows the version."""

import re
import subprocess
from datetime import date
from functools import cache
from pathlib import Path

from eset_portcheck import __version__

ROOT = Path(__file__).resolve().parents[2]
SECTION = re.compile(r"^## \[?(Unreleased|\d+\.\d+\.\d+)\]?(?: - (\d{4}-\d{2}-\d{2}))?$", re.MULTILINE)
KINDS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}  # Keep a Changelog 1.1.0


def anchor(heading: str) -> str:
    """As GitHub makes it: lower case, punctuation dropped, blanks to hyphens."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@cache
def anchors(page: Path) -> set[str]:
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return {anchor(heading) for heading in re.findall(r"^#{1,6} (.+)$", text, re.MULTILINE)}


def files(*suffixes: str) -> list[Path]:
    told = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    names = (
        told.stdout.decode().split("\0")
        if told.returncode == 0
        else [str(path.relative_to(ROOT)) for path in ROOT.rglob("*") if ".venv" not in path.parts]
    )
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


def test_links_lead_somewhere() -> None:
    pages = {str(path.relative_to(ROOT)): path for path in files(".md")}
    assert len(pages) > 20
    assert {name: lost for name, page in pages.items() if (lost := broken(page))} == {}


def test_a_lost_link_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "b.md").write_text("# One, two\n")
    page = tmp_path / "a.md"
    page.write_text(
        "[good](b.md#one-two) [no page](c.md) [no place](b.md#three) [elsewhere](https://example.org/x)\n\n[named]: d.md\n"
    )
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


PLACE = re.compile(r"(?<![\w/.-])(docs/[\w./-]+\.(?:md|json|svg|py))((?:#[\w-]+)?(?:, #[\w-]+)*)")
ELSEWHERE = re.compile(
    r"\bfacts \d+\.\d|the project's (?:contract|facts)|\b(?:design|facts)\.md\b|\bshared/(?:contract|reference)"
)
LETTERS = re.compile(r"\b[A-Z]\b(?!\.)")
NAMED = re.compile(
    r"KB\d+|Canon(?: FAQ)? \d+|\b[a-z]+_[a-z_]+\b|\bX-\w+|RFC \d+|memdocs PR \d+|ESET-Protect-[\w-]+\w|firebase network-configuration|forum \d+"
)


def lost_places(text: str) -> list[str]:
    """References such as `docs/contract.md#rules, #proxy` that lead nowhere."""
    lost = []
    for name, fragments in PLACE.findall(text):
        goal = ROOT / name
        if not goal.is_file():
            lost += [name] if goal.stem != "CODE" else []  # that stands for any code
            continue
        wanted = set(re.findall(r"#([\w-]+)", fragments))
        lost += [f"{name}#{one}" for one in sorted(wanted - anchors(goal))] if wanted else []
    return lost


def test_references_to_pages_lead_somewhere() -> None:
    texts = {
        path.relative_to(ROOT): path.read_text(encoding="utf-8")
        for path in files(".py", ".toml", ".sh", ".md", "Makefile")
    }
    del texts[Path(__file__).resolve().relative_to(ROOT)]
    assert sum(len(PLACE.findall(text)) for text in texts.values()) > 40
    assert {
        str(name): lost for name, text in texts.items() if name.suffix != ".md" and (lost := lost_places(text))
    } == {}
    assert [str(name) for name, text in texts.items() if ELSEWHERE.search(text)] == [], (
        "texts that this repository does not hold"
    )


def test_a_lost_place_is_noticed() -> None:
    good = "Source: docs/contract.md#rules, #proxy; docs/sources.md."
    assert lost_places(good) == []
    assert lost_places("docs/contract.md#rules, #nowhere; docs/gone.md") == ["docs/contract.md#nowhere", "docs/gone.md"]
    for text in ("Source: facts 4.5.", "the project's contract, section 2", "see facts.md"):
        assert ELSEWHERE.search(text), text
    assert ELSEWHERE.search("two facts 4 apart") is None


def test_what_a_profile_names_as_its_source_is_explained() -> None:
    page = (ROOT / "docs/sources.md").read_text(encoding="utf-8")
    letters = set(re.findall(r"^\| ([A-Z]) \|", page, re.MULTILINE))
    for profile in files(".toml"):
        if profile.parent.name != "profiles":
            continue
        for source in re.findall(r'^source = "(.*)"$', profile.read_text(encoding="utf-8"), re.MULTILINE):
            told = source.partition(": ")[0] if "ports_used.html" in source else source
            assert set(LETTERS.findall(re.sub(r"\bX-\w+", "", told))) <= letters, f"{profile.name}: {source}"
            assert [name for name in NAMED.findall(told) if name not in page] == [], f"{profile.name}: {source}"
