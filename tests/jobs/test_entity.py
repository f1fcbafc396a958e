"""Jobs as people see them: each his own, the administrator all; what can be done to them, and when not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from core.models import Audit
from core.services.jobs import queue
from core.services.work import Ctx
from plugins import More
from tests.jobs.conftest import Desk
from tests.rest.conftest import api, app  # noqa: F401 - fixtures

JOBS = "/core/jobs"


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """A desk with the job `test.job`, for the fixtures that look at the site after it."""
    desk.site.user("li")
    desk.site.user("wang")
    desk.declare(lambda ctx, payload: 1 // payload["by"], attempts=1)
    return desk


@pytest.mark.databases
def test_everybody_sees_his_own_and_the_administrator_all(desk: Desk, api: Callable[..., Any]) -> None:  # noqa: F811
    mine, others = desk.ask({"by": 1}, user="li"), desk.ask({"by": 0}, user="wang")
    desk.work_off()
    found = api("li").get(JOBS, count="1").json
    assert [(one["id"], one["state"], one["result"]) for one in found["items"]] == [(mine, "done", 1)]
    assert found["items"][0]["key"] == "test.job"
    api("li").get(f"{JOBS}/{others}", status=404)
    api("li").post(f"{JOBS}/{others}/actions/retry", {}, status=404)
    seen = api().get(JOBS, sort="id").json["items"]
    assert [(one["user"]["key"], one["state"]) for one in seen] == [("li", "done"), ("wang", "failed")]
    assert seen[1]["error"] == "ZeroDivisionError: integer division or modulo by zero"
    assert "payload" not in seen[0]


def test_nobody_makes_changes_or_deletes_one(desk: Desk, api: Callable[..., Any]) -> None:  # noqa: F811
    number = desk.ask({"by": 1})
    for client in (api(), api("li")):
        client.post(JOBS, {"key": "test.job"}, status=405)
    api().patch(f"{JOBS}/{number}", {"state": "done", "version": 1}, status=405)
    api().delete(f"{JOBS}/{number}", version=1, status=405)


@pytest.mark.databases
def test_a_waiting_job_is_cancelled_at_once_and_can_be_taken_up_again(desk: Desk, api: Callable[..., Any]) -> None:  # noqa: F811
    number = desk.ask({"by": 1}, user="li")
    path = f"{JOBS}/{number}"
    assert api("li").act(path, "cancel").json["state"] == "cancelled"
    assert desk.work_off() == 0
    api("li").act(path, "cancel", status=409)
    assert api("li").act(path, "retry").json["state"] == "queued"
    assert desk.kernel.bell.is_set()
    assert desk.work_off() == 1
    assert desk.state(number) == "done"
    assert api().act(path, "cancel", status=409).json["code"] == "OVER"
    assert api().act(path, "retry", status=409).json["code"] == "OVER"
    with desk.kernel.work(write=False) as work:
        rows = work.system.scalars(select(Audit).where(Audit.entity == "core.job").order_by(Audit.id)).all()
    states = [(row.action, row.record_id, row.changes[0]["new"]) for row in rows]
    assert states == [("cancel", number, "cancelled"), ("retry", number, "queued")]


def test_a_running_job_ends_after_its_transaction_when_it_is_cancelled(desk: Desk, api: Callable[..., Any]) -> None:  # noqa: F811
    parts: list[int] = []

    def long(ctx: Ctx, payload: int) -> Any:
        parts.append(payload)
        return More(payload + 1, payload + 1, 9)

    desk.declare(long, "test.long")
    number = desk.ask(0, "test.long")
    claim = desk.claim()
    assert claim is not None
    shown = api().act(f"{JOBS}/{number}", "cancel").json
    assert (shown["state"], shown["cancelling"]) == ("running", True)
    api().act(f"{JOBS}/{number}", "retry", status=409)
    from core.services.jobs.runner import Runner

    assert Runner(desk.kernel).run(claim) == "cancelled"
    assert parts == [0]
    assert (desk.row(number).done, desk.row(number).total) == (1, 9)
    api().act(f"{JOBS}/{number}", "retry")
    follow = desk.claim()
    assert follow is not None
    assert follow.payload == 1  # it goes on where it was


def test_a_cancelled_job_whose_runner_fails_is_not_tried_again(desk: Desk, api: Callable[..., Any]) -> None:  # noqa: F811
    desk.declare(lambda ctx, payload: 1 // 0, "test.fails")
    number = desk.ask(key="test.fails")
    claim = desk.claim()
    assert claim is not None
    api().act(f"{JOBS}/{number}", "cancel")
    desk.kernel.run(lambda work: queue.failed(work, claim, "no", again=True), write=True)
    assert desk.state(number) == "cancelled"


def test_a_dead_letter_can_be_retried_or_set_aside(desk: Desk, api: Callable[..., Any]) -> None:  # noqa: F811
    first, second = desk.ask({"by": 0}), desk.ask({"by": 0})
    desk.work_off()
    assert api().act(f"{JOBS}/{first}", "retry").json["attempts"] == 0
    assert api().act(f"{JOBS}/{second}", "cancel").json["state"] == "cancelled"
    desk.work_off()
    assert (desk.state(first), desk.row(first).attempts) == ("failed", 1)


def test_a_token_that_may_only_read_does_neither(desk: Desk, api: Callable[..., Any]) -> None:  # noqa: F811
    number = desk.ask({"by": 1})
    api(read_only=True).act(f"{JOBS}/{number}", "cancel", status=403)


def test_the_document_for_programs_offers_reading_and_the_two_verbs(desk: Desk, api: Callable[..., Any]) -> None:  # noqa: F811
    paths = api().get("/openapi.json").json["paths"]
    mine = {path.rpartition("/jobs")[2]: sorted(calls) for path, calls in paths.items() if "/core/jobs" in path}
    assert mine["/{id}/actions/cancel"] == mine["/{id}/actions/retry"] == ["post"]
    assert "post" not in mine[""]
    assert not {"patch", "delete"} & set(mine["/{id}"])
