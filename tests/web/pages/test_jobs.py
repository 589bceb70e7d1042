"""The page of background work."""

import re
from html import unescape

import pytest
import redis

from app.services.background import job_runs
from app.services.background.job_queue import queue
from app.services.notifications.alerts import raise_alert
from tests.support.browser import HTMX
from tests.support.shop import Shop

NOWHERE = "redis://127.0.0.1:1/0"


def words(response) -> str:
    return " ".join(unescape(re.sub("<[^>]+>", " ", response.text)).split())


@pytest.fixture(autouse=True)
def nothing_ran(shop: Shop) -> None:
    shop.execute("DELETE FROM job_runs")


def use_queue(shop: Shop, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    settings = shop.app.config["SETTINGS"]
    changed = type(settings)(**{**vars(settings), "redis_url": url})
    monkeypatch.setitem(shop.app.config, "SETTINGS", changed)


def test_staff_have_no_jobs(as_role) -> None:
    staff = as_role("staff")
    assert staff.get("/jobs").status_code == 403
    assert staff.post("/jobs/cleanup/run").status_code == 403
    assert 'href="/jobs"' not in staff.get("/").text


def test_the_page_says_when_things_are_due(as_role) -> None:
    page = words(as_role("manager").get("/jobs"))
    for said in ("every 15 minutes", "every hour", "every day at 06:00", "never yet"):
        assert said in page


def test_run_now_wakes_a_worker_once(shop: Shop, as_role, empty_redis: str) -> None:
    manager = as_role("manager")
    assert manager.get("/jobs").text.count("Run now") == 5
    for _ in range(2):
        assert manager.post("/jobs/cleanup/run").headers["Location"] == "/jobs"
    assert shop.rows("SELECT job, status, origin, started_by FROM job_runs") == [
        ("cleanup", "queued", "request", shop.manager)
    ]
    with redis.Redis.from_url(empty_redis) as connection:
        assert queue(connection).count == 1
    assert "Waiting" in words(manager.get("/jobs"))


def test_progress_is_shown_while_it_runs_and_then_what_came_of_it(shop: Shop, as_role) -> None:
    manager = as_role("manager")
    run_id = job_runs.request_run("cleanup", shop.manager)
    seen = []

    def act(slot) -> dict:
        job_runs.note_progress("1,000 units freed so far")
        seen.append(manager.get("/jobs", **HTMX))
        return {"released": 2000, "items": []}

    job_runs.perform(run_id, dict.fromkeys(["cleanup"], act))
    (fragment,) = seen
    assert "<html" not in fragment.text
    assert "1,000 units freed so far" in words(fragment)
    assert 'hx-trigger="every 2s"' in fragment.text
    after = manager.get("/jobs")
    assert "2,000 units freed" in words(after)
    assert 'hx-trigger="every 15s"' in after.text


def test_an_error_is_shown_in_words(shop: Shop, as_role) -> None:
    def act(slot) -> dict:
        raise RuntimeError("no space left\nTraceback (most recent call last)")

    job_runs.perform(job_runs.request_run("cleanup", shop.manager), {"cleanup": act})
    page = words(as_role("manager").get("/jobs"))
    assert "no space left" in page
    assert "Traceback" not in page


def test_an_unknown_job_or_place_is_refused(as_role) -> None:
    manager = as_role("manager")
    assert manager.post("/jobs/coffee/run").status_code == 404
    assert manager.get("/jobs?cursor=nonsense").status_code == 422
    assert manager.get("/jobs?cursor=WyJqb2IgcnVucyIsICJ4Il0").status_code == 422


def test_the_list_goes_on_by_cursor(shop: Shop, as_role) -> None:
    for minute in range(35):
        shop.execute(
            "INSERT INTO job_runs (job, slot, status, finished_at, result) VALUES"
            " ('cleanup', now() - make_interval(mins => %s), 'succeeded', now(),"
            " '{\"released\": 1}')",
            minute,
        )
    manager = as_role("manager")
    first = manager.get("/jobs")
    assert first.text.count('data-label="Job"') == 30
    (following,) = re.findall(r'href="(/jobs\?cursor=[^"]+)"', first.text)
    assert manager.get(following).text.count('data-label="Job"') == 5


def test_without_the_queue_pages_work_and_say_that_background_work_is_stopped(
    shop: Shop, as_role, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = as_role("manager")
    use_queue(shop, monkeypatch, NOWHERE)
    for path in ("/", "/jobs", "/dashboard/live"):
        page = manager.get(path)
        assert page.status_code == 200
        assert "Background work is stopped" in words(page)
        assert "The queue does not answer" in words(page)
    assert manager.get("/inventory").status_code == 200
    answer = manager.post("/jobs/check/run")
    assert answer.status_code == 303
    page = words(manager.get("/jobs"))
    assert "will run when background work goes on again" in page
    assert "Waits until background work goes on" in page
    assert job_runs.waiting_runs()[0][1] == "check"


def test_with_a_queue_and_no_worker_it_says_so(as_role, empty_redis: str) -> None:
    assert "No worker is running" in words(as_role("manager").get("/jobs"))


def test_a_scheduler_that_fell_silent_is_noticed(shop: Shop, as_role, empty_redis: str) -> None:
    with redis.Redis.from_url(empty_redis) as connection:
        connection.sadd("rq:workers", "rq:worker:one")
        connection.set("rq:worker:one", 1)
    manager = as_role("manager")
    assert "Background work is stopped" not in words(manager.get("/jobs"))
    shop.execute(
        "INSERT INTO job_runs (job, slot, status, started_at)"
        " VALUES ('alerts', now() - interval '10 minutes', 'queued', NULL)"
    )
    assert "The scheduler is not running" in words(manager.get("/jobs"))


def test_alerts_are_listed_with_a_way_to_what_they_are_about(shop: Shop, as_role) -> None:
    raise_alert("finding", {"title": "Sold twice", "body": "MUG-1", "path": "/inconsistencies"})
    page = as_role("manager").get("/jobs")
    assert '<a href="/inconsistencies">Sold twice</a>' in page.text
    assert "ALERT_URLS names no channel" in words(page)
