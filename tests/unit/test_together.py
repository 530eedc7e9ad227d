"""A statement for many rows is made of the one for a single row."""

import pytest

from tickwell.adapters.embedded.together import insert_of, slices, update_of


@pytest.mark.parametrize(
    ("number", "sizes"),
    [(0, []), (1, [1]), (2, [2]), (9, [2, 2, 2, 2, 1]), (10, [10]), (50, [50]), (163, [50, 50, 50, 10, 2, 1])],
)
def test_many_are_cut_into_few_sizes_in_order(number: int, sizes: list[int]) -> None:
    pieces = list(slices(range(number)))
    assert [len(piece) for piece in pieces] == sizes
    assert [item for piece in pieces for item in piece] == list(range(number))


def test_an_update_of_many_has_the_conditions_of_one() -> None:
    assert update_of("UPDATE t SET a = :x WHERE b = :y AND c IS NULL RETURNING b", ("x", "y"), 2) == (
        "WITH given (given_x, given_y) AS (VALUES (?, ?), (?, ?))"
        " UPDATE t SET a = given_x  FROM given WHERE  b = given_y AND c IS NULL RETURNING b"
    )


def test_an_insert_of_many_goes_on_as_that_of_one() -> None:
    assert insert_of("INSERT INTO t (a, b) VALUES (?, ?) ON CONFLICT DO UPDATE SET b = 1 WHERE c <= ?", 3) == (
        "INSERT INTO t (a, b) VALUES (?, ?), (?, ?), (?, ?) ON CONFLICT DO UPDATE SET b = 1 WHERE c <= ?"
    )


def test_what_inserts_by_name_is_refused() -> None:
    with pytest.raises(ValueError, match="by place"):
        insert_of("INSERT INTO t (a) VALUES (:a)", 2)
