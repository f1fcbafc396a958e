"""The commonest jobs take no more clicks and keys than they may."""

from __future__ import annotations

import pytest

from tests.support.clicks import JOBS, fill, measure
from tests.support.shots import log_in


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_a_job_takes_few_clicks(site, address, page, faults, job):
    fill(site)
    log_in(page, address)
    assert measure(page, address, job) <= job.most
