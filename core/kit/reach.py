"""Who sees and changes what: the plugin's entities through REST, as strangers, colleagues and owners."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import select

from core.db.base import CustomerScoped, RecordScoped
from core.http.paths import collection
from core.kit.bench import Bench
from core.kit.finding import Finding
from core.models import Role
from core.security.catalog import is_business
from core.security.grants import ACTIONS
from core.services.work import Work
from plugins import Entity


def scoped(bench: Bench) -> list[Entity]:
    return [entity for entity in bench.entities if issubclass(entity.model, RecordScoped | CustomerScoped)]


def scope(bench: Bench) -> Iterator[Finding]:
    for entity in scoped(bench):
        customer = bench.customer()
        made = bench.create(entity, customer)
        if made.status_int != 201:
            if not _waits_for_another(bench, entity):
                yield _not_made(bench, entity, made)
            continue
        number, path = made.json["id"], collection(entity.key)
        for who, expected in (("ann", True), ("admin", True), ("bob", False), ("eve", False)):
            sees = number in _ids(bench.client(who).api("GET", path))
            opens = bench.client(who).api("GET", f"{path}/{number}").status_int == 200
            if (sees, opens) != (expected, expected):
                yield _seen(entity, who, expected)
        if issubclass(entity.model, CustomerScoped) and bench.create(entity, customer, "bob").status_int < 400:
            yield Finding(
                "somebody can hang a record on a customer that he does not see",
                f"entity {entity.key}",
                "that tells him the customer is there, and his record is read by others.",
                "let the kernel look the customer up: keep the field a fields.Reference('core.customer').",
            )
        if bench.client("bob").api("PATCH", f"{path}/{number}", {"version": 1}).status_int != 404:
            yield _seen(entity, "bob", False)


def _ids(reply: Any) -> list[int]:
    return [item["id"] for item in reply.json.get("items", [])] if reply.status_int == 200 else []


def _seen(entity: Entity, who: str, expected: bool) -> Finding:
    people = {"ann": "the owner", "admin": "the administrator", "bob": "a colleague", "eve": "somebody without a role"}
    return Finding(
        f"{people[who]} {'does not see' if expected else 'sees'} a record that he {'may' if expected else 'may not'}",
        f"entity {entity.key}",
        "who sees a record follows from grants and reach alone.",
        "inherit from CustomerScoped or RecordScoped and leave reading to ctx.db.",
    )


def _waits_for_another(bench: Bench, entity: Entity) -> bool:
    """Whether it needs a record of another entity of the plugin, of which none could be made: that is told there."""
    needed = {getattr(field.type, "entity", "") for field in entity.fields if field.required} - {entity.key}
    return any(other.key in needed and bench.first(other) is None for other in bench.entities)


def _not_made(bench: Bench, entity: Entity, reply: Any) -> Finding:
    said, mend = (
        reply.text[:300],
        (
            "say required=True of a field that is needed, or give values that its rules accept:"
            f' SAMPLES = {{"{entity.key}": {{"field": value}}}} in the module `testing` of the package.'
        ),
    )
    if bench.has_failed:
        said, mend = (
            bench.why().removeprefix(": "),
            "mend that line; a column that may not be empty is filled by a rule.",
        )
    return Finding(
        f"no record could be made to try with: {reply.status_int} {said}",
        f"entity {entity.key}",
        "what cannot be tried is not known to be safe.",
        mend,
    )


def _of_nobody(bench: Bench, entity: Entity) -> Iterator[Finding]:
    """A note of each verb with a right of its own that no starter role has, save those that may do everything."""
    granted = [
        grant
        for role in bench.kernel.run(_roles, write=False) or ()
        for grant in role
        if not grant.get("deny") and grant["entity"] in ({"*", entity.key} if is_business(entity) else {entity.key})
    ]
    given = {grant["action"] for grant in granted}
    for verb in entity.verbs:
        if verb.right not in ACTIONS and verb.right not in given:
            yield Finding(
                f"no role has the right {verb.right!r}, which the verb {verb.name!r} needs",
                f"entity {entity.key}, verb {verb.name}",
                "none but those who may do everything, such as the administrator, see the button.",
                'give it to a starter role: RoleGrant(role="sales_rep", entity='
                f'"{entity.key}", action="{verb.right}", reach="own") from the hook register_grants; or say the'
                ' right "edit".',
                note=True,
            )


def _roles(work: Work) -> list[list[dict[str, Any]]]:
    return list(work.system.scalars(select(Role.grants)))


def permissions(bench: Bench) -> Iterator[Finding]:
    for entity in bench.entities:
        yield from _of_nobody(bench, entity)
        path = collection(entity.key)
        made = bench.create(entity, bench.customer(), "ann")
        number = made.json["id"] if made.status_int == 201 else 1
        calls = [("GET", path), ("POST", path), ("GET", f"{path}/{number}"), ("PATCH", f"{path}/{number}")]
        calls += [("POST", f"{path}/{number}/actions/{verb.name}") for verb in entity.verbs]
        calls += [("DELETE", f"{path}/{number}")]
        for method, address in calls:
            for who in (None, "eve", "bob", "ann"):
                body: Any = {} if method in ("POST", "PATCH") else None
                status = bench.client(who).api(method, address, body).status_int
                if not _is_right(who, status, listing=(method, address) == ("GET", path)):
                    yield Finding(
                        f"{method} /api/v1{address} answers {status} to {who or 'a stranger'}{bench.why()}",
                        f"entity {entity.key}",
                        "nobody may do with a record what he has no right to, nor see it fail.",
                        "let verbs name the `right` they need and raise the errors of core.api.",
                    )
        yield from _silent_reading(bench, entity)


def _is_right(who: str | None, status: int, *, listing: bool) -> bool:
    """A stranger is asked to log in; others get nothing but an empty list; the owner gets no crash."""
    if who is None:
        return status == 401
    return status < 500 if who == "ann" or listing else 400 <= status < 500


def _silent_reading(bench: Bench, entity: Entity) -> Iterator[Finding]:
    before = _changes(bench)
    for address in (collection(entity.key), f"{collection(entity.key)}/new"):
        bench.client("ann").page(address)
        bench.client("ann").api("GET", address)
    if _changes(bench) != before:
        yield Finding(
            "reading a page changes something",
            f"entity {entity.key}",
            "browsers and search engines read pages that nobody has asked for.",
            "change rows in verbs and rules only.",
        )


def _changes(bench: Bench) -> int:
    from sqlalchemy import func, select

    from core.models import Change

    count = bench.kernel.run(lambda work: work.system.scalar(select(func.count()).select_from(Change)), write=False)
    return int(count or 0)
