"""Each run is done once, recorded, and taken up again when its process was killed."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
import pytest
from sqlalchemy import text

from app.database.transactions import db
from app.domain.background.schedule import TIMETABLE, JobName
from app.domain.errors import InvalidInput
from app.observability.request_id import current_request_id, working_on
from app.services.background import job_runs
from app.services.background.run_locks import RUN_LOCKS
from tests.support.shop import Shop

ZONE = ZoneInfo("Europe/London")
NOON = datetime(2026, 1, 5, 12, 7, tzinfo=UTC)
DONE = {job: lambda slot: {"done": True} for job in JobName}


def runs(shop: Shop, columns: str = "job, status") -> list[tuple]:
    return shop.rows(f"SELECT {columns} FROM job_runs ORDER BY queued_at, job")


def alerts(shop: Shop) -> list[tuple[str, str]]:
    return shop.rows("SELECT topic, payload->>'title' FROM outbox ORDER BY id")


def queued(shop: Shop, job: str = "cleanup") -> UUID:
    return job_runs.request_run(job, shop.manager)


@pytest.fixture
def killed(own_shop: Shop) -> UUID:
    """A run whose worker was killed: it says that it is running, and nobody has its lock."""
    run_id = queued(own_shop)
    own_shop.execute(
        "UPDATE job_runs SET status = 'running', started_at = now(), attempts = 1 WHERE id = %s",
        run_id,
    )
    return run_id


def test_what_is_due_is_put_there_once_however_many_schedulers_do_it(own_shop: Shop) -> None:
    def put() -> None:
        with own_shop.app.app_context():
            job_runs.enqueue_due_runs(ZONE, NOON)

    with ThreadPoolExecutor(4) as schedulers:
        list(schedulers.map(lambda _: put(), range(8)))
    assert sorted(runs(own_shop, "job, slot, status, origin")) == [
        ("alerts", datetime(2026, 1, 5, 12, 7, tzinfo=UTC), "queued", "timetable"),
        ("audit", datetime(2026, 1, 5, 4, 30, tzinfo=UTC), "queued", "timetable"),
        ("check", datetime(2026, 1, 5, 12, tzinfo=UTC), "queued", "timetable"),
        ("cleanup", datetime(2026, 1, 5, 12, tzinfo=UTC), "queued", "timetable"),
        ("report", datetime(2026, 1, 5, 6, tzinfo=UTC), "queued", "timetable"),
    ]


def test_a_slot_that_was_done_does_not_come_back(own_shop: Shop) -> None:
    job_runs.enqueue_due_runs(ZONE, NOON)
    for run_id, _ in job_runs.waiting_runs():
        assert job_runs.perform(run_id, DONE)
        assert not job_runs.perform(run_id, DONE)
    job_runs.enqueue_due_runs(ZONE, NOON)
    assert {status for _, status in runs(own_shop)} == {"succeeded"}
    assert len(runs(own_shop)) == len(TIMETABLE)


def test_of_many_missed_slots_the_last_one_is_caught_up_and_people_are_told(
    own_shop: Shop,
) -> None:
    job_runs.enqueue_due_runs(ZONE, NOON)
    for run_id, _ in job_runs.waiting_runs():
        job_runs.perform(run_id, DONE)
    assert alerts(own_shop) == []
    for _ in range(2):
        job_runs.enqueue_due_runs(ZONE, NOON + timedelta(days=2))
    waiting = own_shop.rows("SELECT job, slot FROM job_runs WHERE status = 'queued' ORDER BY job")
    assert waiting == [
        ("alerts", datetime(2026, 1, 7, 12, 7, tzinfo=UTC)),
        ("audit", datetime(2026, 1, 7, 4, 30, tzinfo=UTC)),
        ("check", datetime(2026, 1, 7, 12, tzinfo=UTC)),
        ("cleanup", datetime(2026, 1, 7, 12, tzinfo=UTC)),
        ("report", datetime(2026, 1, 7, 6, tzinfo=UTC)),
    ]
    assert alerts(own_shop) == [("background-stopped", "Background work was stopped")]


def test_a_run_that_still_waits_serves_the_next_slot_too(own_shop: Shop) -> None:
    for minutes in range(0, 60, 15):
        job_runs.enqueue_due_runs(ZONE, NOON + timedelta(minutes=minutes))
    assert own_shop.rows("SELECT slot FROM job_runs WHERE job = 'cleanup'") == [
        (datetime(2026, 1, 5, 12, 45, tzinfo=UTC),)
    ]


def test_a_run_is_carried_out_once_however_many_workers_are_told(own_shop: Shop) -> None:
    run_id, done = queued(own_shop), []
    together = threading.Barrier(4)

    def work(_: int) -> bool:
        with own_shop.app.app_context():
            together.wait()
            return job_runs.perform(run_id, DONE | {JobName.CLEANUP: lambda slot: done.append(1)})

    with ThreadPoolExecutor(4) as workers:
        assert sorted(workers.map(work, range(4))) == [False, False, False, True]
    assert done == [1]


def test_two_runs_of_a_job_never_go_at_the_same_time(own_shop: Shop) -> None:
    first = queued(own_shop)
    begun, end = threading.Event(), threading.Event()

    def slow(slot: datetime) -> dict:
        begun.set()
        assert end.wait(20)
        return {}

    def work() -> None:
        with own_shop.app.app_context():
            job_runs.perform(first, DONE | {JobName.CLEANUP: slow})

    worker = threading.Thread(target=work)
    worker.start()
    assert begun.wait(10)
    job_runs.enqueue_due_runs(ZONE, NOON)
    (second,) = own_shop.row("SELECT id FROM job_runs WHERE job = 'cleanup' AND status = 'queued'")
    assert not job_runs.perform(second, DONE)
    job_runs.requeue_abandoned_runs()
    assert own_shop.value("SELECT status FROM job_runs WHERE id = %s", first) == "running"
    end.set()
    worker.join()
    assert job_runs.perform(second, DONE)


def test_a_result_is_recorded_with_who_asked_for_it(own_shop: Shop) -> None:
    run_id = queued(own_shop)
    assert queued(own_shop) == run_id  # a second press of the button
    assert job_runs.perform(run_id, DONE | {JobName.CLEANUP: lambda slot: {"released": 3}})
    assert own_shop.row(
        "SELECT status, origin, started_by, result, error, attempts,"
        " finished_at >= started_at FROM job_runs WHERE id = %s",
        run_id,
    ) == ("succeeded", "request", own_shop.manager, {"released": 3}, None, 1, True)
    assert queued(own_shop) != run_id


def test_an_unknown_job_is_refused(own_shop: Shop) -> None:
    with pytest.raises(InvalidInput):
        job_runs.request_run("coffee", own_shop.manager)
    assert not job_runs.perform(UUID(int=7), DONE)


def test_an_error_is_recorded_in_a_line_without_stack_or_statement_and_told(
    own_shop: Shop,
) -> None:
    def broken(slot: datetime) -> dict:
        raise ValueError("the shelf\nis empty")

    def wrong_sql(slot: datetime) -> dict:
        return {"rows": db.session.execute(text("SELECT secret FROM nowhere")).all()}

    for act in (broken, wrong_sql):
        assert job_runs.perform(queued(own_shop), DONE | {JobName.CLEANUP: act})
    errors = [error for (error,) in runs(own_shop, "error")]
    assert errors[0] == "the shelf"
    assert "nowhere" in errors[1]
    assert "SELECT" not in errors[1]
    assert {status for _, status in runs(own_shop)} == {"failed"}
    assert alerts(own_shop) == [("job-failed", "Cleanup failed")] * 2


def test_a_killed_workers_run_is_given_up_and_taken_up_again(own_shop: Shop, killed: UUID) -> None:
    job_runs.requeue_abandoned_runs()
    assert own_shop.row("SELECT status, error FROM job_runs WHERE id = %s", killed) == (
        "abandoned",
        job_runs.STOPPED,
    )
    assert job_runs.waiting_runs() == [(killed, JobName.CLEANUP)]
    assert job_runs.perform(killed, DONE)
    assert own_shop.row("SELECT status, attempts, error FROM job_runs WHERE id = %s", killed) == (
        "succeeded",
        2,
        None,
    )


def test_a_run_that_kills_its_worker_is_not_tried_for_ever(own_shop: Shop, killed: UUID) -> None:
    own_shop.execute("UPDATE job_runs SET attempts = 3")
    job_runs.requeue_abandoned_runs()
    assert runs(own_shop) == [("cleanup", "failed")]
    assert job_runs.waiting_runs() == []
    assert alerts(own_shop) == [("job-failed", "Cleanup failed")]


def test_a_run_whose_process_lives_is_left_alone(own_shop: Shop, killed: UUID) -> None:
    with psycopg.connect(own_shop.url, autocommit=True) as process:
        process.execute("SELECT pg_advisory_lock(%s, hashtext(%s))", [RUN_LOCKS, str(killed)])
        job_runs.requeue_abandoned_runs()
        assert runs(own_shop) == [("cleanup", "running")]
        assert not job_runs.perform(killed, DONE)
    job_runs.requeue_abandoned_runs()
    assert runs(own_shop) == [("cleanup", "abandoned")]


def test_who_waits_for_long_is_told_to_people_once(own_shop: Shop) -> None:
    queued(own_shop)
    job_runs.waiting_runs()
    assert alerts(own_shop) == []
    own_shop.execute("UPDATE job_runs SET queued_at = queued_at - interval '6 minutes'")
    for _ in range(3):
        job_runs.waiting_runs()
    assert alerts(own_shop) == [("job-late", "Cleanup did not run")]


def test_work_outside_of_the_timetable_is_recorded_as_well(own_shop: Shop) -> None:
    def act() -> dict:
        job_runs.note_progress("half-way")
        # Inside of a run it is a part of that.
        return job_runs.record_run(JobName.CLEANUP, lambda: {"n": 1})

    assert job_runs.record_run(JobName.CLEANUP, act, own_shop.manager) == {"n": 1}
    assert runs(own_shop, "job, status, origin, started_by, result") == [
        ("cleanup", "succeeded", "direct", own_shop.manager, {"n": 1})
    ]
    with pytest.raises(ZeroDivisionError):
        job_runs.record_run(JobName.CHECK, lambda: {"n": 1 // 0})
    assert runs(own_shop)[-1] == ("check", "failed")


def test_deliveries_that_found_nothing_do_not_bury_the_rest(own_shop: Shop) -> None:
    nothing = DONE | {JobName.ALERTS: lambda slot: {"sent": 0, "failed": 0}}
    for _ in range(3):
        job_runs.perform(queued(own_shop, "alerts"), nothing)
    assert runs(own_shop) == [("alerts", "succeeded")]


def test_what_is_long_over_is_forgotten(own_shop: Shop) -> None:
    job_runs.perform(queued(own_shop), DONE)
    own_shop.execute("UPDATE job_runs SET finished_at = now() - interval '91 days'")
    queued(own_shop)
    job_runs.forget_old_runs()
    assert runs(own_shop) == [("cleanup", "queued")]


def test_a_run_goes_by_the_request_that_asked_for_it_or_by_its_own_id(own_shop: Shop) -> None:
    seen = []
    note = DONE | {JobName.CLEANUP: lambda slot: seen.append(current_request_id())}
    with working_on("till-9"):
        asked = job_runs.request_run("cleanup", own_shop.manager)
    assert job_runs.perform(asked, note)
    due = queued(own_shop)
    assert job_runs.perform(due, note)
    with working_on("till-10"):
        job_runs.record_run(JobName.CLEANUP, lambda: seen.append(current_request_id()))
    assert seen == ["till-9", f"job-{due}", "till-10"]
    assert current_request_id() == ""
