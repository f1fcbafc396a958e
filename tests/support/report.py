"""Counts the results per database and prints them at the end, as a pytest plugin."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.support.databases import KINDS

PROPERTY = "database"
RANK = ("passed", "skipped", "failed")  # the worst outcome of a test's phases is the test's

ALONE = " alone"  # ends the kind of a test that does not run on all databases

_outcomes: dict[str, tuple[str, str]] = {}  # node id → kind, outcome


def database_of(item: pytest.Item) -> str | None:
    """The kind of database that a test runs on, if it uses one."""
    if "database_kind" not in getattr(item, "fixturenames", ()):
        return None
    callspec = getattr(item, "callspec", None)
    kind: str = callspec.params.get("database_kind", KINDS[0]) if callspec else KINDS[0]
    mark = item.get_closest_marker("databases")
    return kind if mark is not None and not mark.args else kind + ALONE


def summary(outcomes: dict[str, tuple[str, str]]) -> str:
    """`databases: sqlite 3 passed 0 skipped · …` for the tests that run on all; the others on a second line."""
    counts = Counter(outcomes.values())

    def line(kind: str) -> str:
        failed = f" {counts[kind, 'failed']} failed" if counts[kind, "failed"] else ""
        return f"{kind} {counts[kind, 'passed']} passed {counts[kind, 'skipped']} skipped{failed}"

    everywhere = "databases: " + " · ".join(line(kind) for kind in KINDS)
    return f"{everywhere}\nbesides: " + " · ".join(line(kind + ALONE) for kind in KINDS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if (kind := database_of(item)) is not None:
            item.user_properties.append((PROPERTY, kind))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    kind = dict(report.user_properties).get(PROPERTY)
    if not isinstance(kind, str):
        return
    _, before = _outcomes.get(report.nodeid, (kind, RANK[0]))
    _outcomes[report.nodeid] = (kind, max(before, report.outcome, key=RANK.index))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _outcomes:
        terminalreporter.write_line(summary(_outcomes))
