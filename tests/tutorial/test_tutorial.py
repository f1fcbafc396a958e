"""The pages that show commands do what they say: every block in order, with the output that it promises."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.missing import missing
from tests.tutorial.shell import Shell, blocks

MOST_LINES = 100


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    here = Shell(tmp_path)
    yield here
    here.close()


def test_the_tutorial_does_what_it_says(shell: Shell) -> None:
    shell.follow("tutorial.md")


def test_the_page_for_programs_does_what_it_says(shell: Shell) -> None:
    if shutil.which("curl") is None:
        missing("curl is not installed")
    shell.follow("rest.md")


def test_a_plugin_takes_less_than_a_hundred_lines() -> None:
    lines = [
        line
        for _file, kind, body in blocks("tutorial.md")
        if kind == "python"
        for line in body.splitlines()
        if line.strip()
    ]
    assert 50 < len(lines) < MOST_LINES
