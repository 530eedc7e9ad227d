"""What the bench of growth measures does what it should, on files that are filled as it fills them."""

from pathlib import Path

from tests.bench.filled import opened
from tests.bench.growth import measured
from tests.world import ADA


def test_the_measured_work_is_done_in_files_of_any_size(tmp_path: Path) -> None:
    found = measured(tmp_path, (300, 900), 1)
    assert [*found] == [300, 900]
    assert all(taken > 0 for each in found.values() for taken in each.values())


def test_a_filled_file_is_what_the_product_would_have_made(tmp_path: Path) -> None:
    with opened(tmp_path, 200) as filled:
        with filled.database.read() as cursor:
            assert cursor.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            (without_item,) = cursor.execute(
                "SELECT COUNT(*) FROM jobs WHERE next_run_ms IS NOT NULL AND NOT EXISTS"
                " (SELECT 1 FROM due_items WHERE look_ms = next_run_ms AND rest LIKE '%#' || job_id || '#%')"
            ).fetchone()
        assert without_item == 0
        assert sum(filled.made.stores.counts.read(ADA.tenant_id).jobs.values()) == 2 * 200 + 4
        assert sum(len(report.settled) for report in filled.world.work()) == 200 // 2 + 2
