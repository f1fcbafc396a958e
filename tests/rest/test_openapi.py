"""The OpenAPI document against the server: no 500, and no answer that the document does not have."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from core.app import make_app
from core.services.login import new_token
from tests.support.site import Site

CHECKS = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The document as schemathesis reads it, served by a site with a few records."""
    folder: Path = tmp_path_factory.mktemp("openapi")
    site = Site(f"sqlite:///{folder}/kehu.db")
    site.unit("east")
    site.user("li", "east")
    for name in ("A", "B", "C"):
        site.customer(name)
    secret = site.kernel.run(lambda work: new_token(work, "admin"), write=True)
    headers = {"Authorization": f"Bearer {secret}", "Accept-Encoding": "identity"}  # its client unpacks nothing
    found: Any = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", make_app(site.kernel), headers=headers)
    found.kehu_headers = headers
    yield found
    site.close()


def attack(server: Any, examples: int) -> int:
    """Send each operation what fits the document, and what does not; how many operations there were."""
    operations = [operation.ok() for operation in server.get_all_operations()]
    for operation in operations:
        for mode in GenerationMode:
            how = settings(max_examples=examples, phases=[Phase.generate], suppress_health_check=list(HealthCheck))

            @how
            @given(case=operation.as_strategy(generation_mode=mode))
            def ask(case: Any) -> None:
                response = case.call(headers=server.kehu_headers)
                case.validate_response(response, checks=CHECKS, headers=server.kehu_headers)

            ask()
    return len(operations)


def test_every_answer_is_in_the_document(server: Any) -> None:
    assert attack(server, examples=3) > 40


@pytest.mark.long
def test_every_answer_is_in_the_document_for_long(server: Any) -> None:
    assert attack(server, examples=200) > 40
