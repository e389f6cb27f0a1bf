"""What a finding or a cause says beside its code has fields: texts, words and readers find them, and a file cannot bring
others."""

import json
import re
from typing import Any

import msgspec
import pytest

from eset_portcheck import texts
from eset_portcheck.loading.reports import ReportFileError, parsed
from eset_portcheck.model.finding import Cause, Finding, Where
from eset_portcheck.model.params import NOTHING, ClockSource, Params
from eset_portcheck.model.report import to_json
from eset_portcheck.render.wording.parameters import PARAMETER
from eset_portcheck.render.wording.placeholders import Placeholders
from tests.unit.sample_reports import load


def test_every_placeholder_of_a_text_is_filled_from_a_field() -> None:
    """Sentences and commands are filled from one structure: a name that it does not have would always stay empty."""
    written = {
        name
        for language in texts.FILES
        for text in texts.load(language).values()
        for template in (text.headline, text.ask, *(one for step in text.fix for one in msgspec.structs.astuple(step)))
        for name in re.findall(r"\{([a-z_]+)\}", str(template))
    }
    assert {"target", "port"} <= written
    assert set(texts.PLACEHOLDERS) <= set(Placeholders.__struct_fields__)
    assert written <= set(Placeholders.__struct_fields__)


def test_a_cause_overrides_its_row_field_by_field() -> None:
    row = Placeholders(target="protect", port=2222, address="10.0.0.1", superuser="root")
    assert Placeholders(port=3128).onto(row) == Placeholders(
        target="protect", port=3128, address="10.0.0.1", superuser="root"
    )
    assert Params().onto(Params(port=1)) == Params(port=1)


def test_what_says_nothing_is_not_written() -> None:
    for empty in (Finding("TCP_NO_ANSWER", params=Params()), Cause("C1", "TCP_NO_ANSWER", None, None, Where(), [])):
        assert empty.params is NOTHING
        assert "params" not in msgspec.to_builtins(empty)
    told = msgspec.to_builtins(Finding("TCP_NO_ANSWER", params=Params(errno="", walked=False, received_bytes=0)))
    assert told["params"] == {"errno": "", "walked": False, "received_bytes": 0}


def test_numbers_keep_their_form() -> None:
    """A whole number of seconds is not written as 3600.0, so old reports read as what they were."""
    clocks = [ClockSource("ldap", "dc1", 3600)]
    said = msgspec.json.encode(Params(skew_s=3600, clocks=clocks))
    assert said == b'{"skew_s":3600,"clocks":[{"protocol":"ldap","target":"dc1","skew_s":3600}]}'
    assert msgspec.json.encode(msgspec.json.decode(said, type=Params)) == said


def with_params(**params: Any) -> bytes:
    plain = json.loads(to_json(load("dropped")))
    row = next(one for one in plain["checks"] if one["findings"])
    row["findings"][0]["params"] = params
    return json.dumps(plain).encode()


@pytest.mark.parametrize(
    ("params", "place"),
    [
        ({"received_bytes": "7"}, "received_bytes"),
        ({"names": ["a", 5]}, "names[1]"),
        ({"clocks": [{"protocol": "ldap"}]}, "clocks[0]"),
        ({"port": 70000}, "port"),
    ],
)
def test_a_field_of_another_type_is_refused_with_its_place(params: dict[str, Any], place: str) -> None:
    with pytest.raises(ReportFileError, match=rf"findings\[.*\]\.params\.{re.escape(place)}"):
        parsed(with_params(**params), "x")


def test_a_field_that_nobody_knows_is_left_out_and_named() -> None:
    read = parsed(with_params(received_bytes=7, later="secret"), "x")
    assert [one.rpartition(".")[2] for one in read.unknown] == ["later"]
    assert b"secret" not in to_json(read.report)


def test_a_new_field_gets_words() -> None:
    """These few stand in sentences of their own; any other without words would be shown by its Python name."""
    in_sentences = {
        "chain", "destination", "known", "missing", "port", "ports", "starttls_tried", "table", "target", "targets",
        "tested", "transport", "user",
    }  # fmt: skip
    assert frozenset(Params.__struct_fields__) - set(PARAMETER) == in_sentences
