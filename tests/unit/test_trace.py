"""``traceparent`` by W3C Trace Context."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickwell.adapters.trace_documents import traceparent_from, traceparent_text
from tickwell.domain.trace import parsed_traceparent, span_in_trace, trace_id_of

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
GIVEN = f"00-{TRACE}-{SPAN}-01"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (GIVEN, GIVEN),
        (f" {GIVEN}\t", GIVEN),
        (f"00-{TRACE}-{SPAN}-00", f"00-{TRACE}-{SPAN}-00"),
        (f"00-{TRACE}-{SPAN}-03", f"00-{TRACE}-{SPAN}-03"),
        (f"00-{TRACE}-{SPAN}-ff", f"00-{TRACE}-{SPAN}-03"),
        (f"01-{TRACE}-{SPAN}-01", GIVEN),
        (f"cc-{TRACE}-{SPAN}-01-what-the-future-will-be-like", GIVEN),
    ],
)
def test_what_is_one_is_taken_as_version_00_spells_it(value: str, expected: str) -> None:
    assert parsed_traceparent(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "00",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}-01-",
        f"cc-{TRACE}-{SPAN}-01.more",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE[:-1]}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE}-{SPAN}-zz",
        f"{GIVEN}, {GIVEN}",
        f"{GIVEN}\n",
        "\N{ARABIC-INDIC DIGIT ZERO}" * 2 + GIVEN[2:],
    ],
)
def test_what_is_none_is_ignored(value: str | None) -> None:
    assert parsed_traceparent(value) is None


def test_each_piece_of_work_is_a_span_of_its_own_in_the_same_trace() -> None:
    spans = [span_in_trace(GIVEN, f"execution-{number}") for number in range(100)]
    assert len({*spans, GIVEN}) == 101
    assert {trace_id_of(span) for span in spans} == {TRACE}
    assert {parsed_traceparent(span) for span in spans} == set(spans)
    assert span_in_trace(GIVEN, "execution-7") == spans[7]
    assert (span_in_trace(None, "execution-7"), trace_id_of(None)) == (None, None)


@given(st.binary(min_size=24, max_size=24), st.integers(0, 3))
def test_what_is_stored_is_read_back(ids: bytes, flags: int) -> None:
    traceparent = f"00-{ids[:16].hex()}-{ids[16:].hex()}-{flags:02x}"
    stored = traceparent_text(traceparent)
    assert stored is not None
    assert len(stored) == 34
    assert traceparent_from(stored) == traceparent
    assert (traceparent_text(None), traceparent_from(None)) == (None, None)
