"""Following jobs on a local server as a real process, which is stopped, killed and started again (S5)."""

from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

from tests.leaping_server import Leaps
from tests.server_process import ServerProcess, eventually, running
from tests.stream_reader import following

TEN_MINUTES = timedelta(minutes=10)


def bearer(server: ServerProcess) -> dict[str, str]:
    return {"Authorization": f"Bearer {server.token}"}


def test_a_job_is_watched_going_through_and_nothing_is_missed_when_the_server_dies(tmp_path: Path) -> None:
    leaps = Leaps(tmp_path / "leaps")
    with running(tmp_path, leaps=leaps) as server:
        server.register()
        token = server.token
        job_id = server.data("POST", "/api/v1/jobs", {"name": "late", "delay_seconds": 600})["id"]
        ticket = server.data("POST", "/api/v1/sse/tickets", {"path": f"sse/jobs/{job_id}"})["ticket"]
        path = f"/api/v1/sse/jobs/{job_id}?ticket={quote(ticket)}"
        with following(server.url, path, {}) as reader:
            first = reader.event()
            leaps.leap(TEN_MINUTES)  # it is due now, and was not before it was followed
            *_, last = reader.rest()
            assert (first.data["state"], last.data["state"]) == ("delayed", "completed")
            assert [attempt["status"] for attempt in last.data["attempts"]] == ["success"]
        lasting = server.data("POST", "/api/v1/jobs", {"name": "lasts", "interval_seconds": 3600})["id"]
        path = f"/api/v1/sse/jobs/{lasting}"
        with following(server.url, path, bearer(server)) as reader:
            known = reader.event()
            server.kill()
        assert ticket not in "".join(server.output)
    with running(tmp_path, leaps=leaps) as server:
        server.token = token
        with following(server.url, path, {**bearer(server), "Last-Event-ID": known.event_id}) as reader:
            piece = reader.piece()
            assert piece is not None
            assert piece.events == (), "nothing happened meanwhile"
            server.data("POST", f"/api/v1/jobs/{lasting}/pause")
            assert reader.event().data["status"] == "paused"
        with following(server.url, path, {**bearer(server), "Last-Event-ID": known.event_id}) as reader:
            assert reader.event().data["status"] == "paused", "what was missed is told at once"


def test_streams_do_not_hold_up_a_server_that_stops(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        server.register()
        payload = {"text": "x" * 900_000}
        body = {"name": "large", "interval_seconds": 3600, "payload": payload}
        job_id = server.data("POST", "/api/v1/jobs", body)["id"]
        path = f"/api/v1/sse/jobs/{job_id}"
        with following(server.url, "/api/v1/sse/stats", bearer(server)) as reader:
            reader.event()
            with (
                following(server.url, path, bearer(server)) as idle,
                following(server.url, path, bearer(server)) as busy,
            ):
                busy.event()
                for number in range(8):
                    server.data("PATCH", f"/api/v1/jobs/{job_id}", {"name": f"name {number}"})
                    busy.event()
                assert idle.status == 200
                assert server.terminate() == 0
                assert busy.rest() == []
                assert {event.name for event in reader.rest()} == {"stats"}, "what it was told before is there to read"
    held_up = [line for line in server.output if "Traceback" in line or "Cancel" in line]
    assert not held_up, "Uvicorn says so when its patience is over"
    eventually(lambda: any("Tickwell has stopped" in line for line in server.output))
