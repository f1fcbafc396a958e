"""Twenty-two ways to break who may see and change what, each by a few characters.

`old` stands exactly once in `file`; with `new` in its place the product leaks or lets through.
"""

from __future__ import annotations

from dataclasses import dataclass

SCOPE = ("tests/scope", "tests/rest/test_visibility.py", "tests/rest/test_powers.py")
REST = ("tests/scope/test_fields.py", "tests/rest/test_visibility.py", "tests/rest")  # what finds most comes first


@dataclass(frozen=True)
class Fault:
    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...] = SCOPE


FAULTS = (
    Fault(
        "the row as it becomes is not judged",
        "core/security/judge.py",
        "self._new, self._changed = [], []\n        self._require_all(session, asked)",
        "self._new, self._changed = [], []",
    ),
    Fault(
        "the row as it was is not judged",
        "core/security/judge.py",
        "self._ask(asked, obj, actions)\n        self._require_all(session, asked)\n\n    def after",
        "self._ask(asked, obj, actions)\n\n    def after",
    ),
    Fault(
        "one allowed row of a batch is enough",
        "core/security/judge.py",
        "if refused := [one for one in chunk if one not in allowed]:",
        "if refused := [one for one in chunk if not allowed]:",
    ),
    Fault(
        "a foreign owner needs no right to assign",
        "core/security/judge.py",
        'return {"create", "assign"} if others else {"create"}',
        'return {"create"}',
    ),
    Fault(
        "secrecy is not compared",
        "core/security/rights.py",
        "criterion = and_(criterion, rows.secrecy <= self.person.clearance)",
        "pass",
    ),
    Fault("deny grants are forgotten", "core/security/rights.py", "        if denied:\n", "        if False:\n"),
    Fault(
        "dealers see everybody's public fields",
        "core/security/rights.py",
        "if not self.dealer or unit is None:",
        "if True:",
        (*SCOPE, "tests/rest/test_records.py"),
    ),
    Fault(
        "a share gives every action",
        "core/security/rights.py",
        "shared = self.shares.of(entity, action)\n",
        'shared = self.shares.of(entity, "view")\n',
    ),
    Fault(
        "own in another unit may be created",
        "core/security/rights.py",
        'if action == "create" and unit is not None else mine',
        "if False else mine",
    ),
    Fault(
        "children of hidden customers are seen",
        "core/security/rights.py",
        "return select(customers.c.id).where(allowed, customers.c.deleted_at.is_(None))",
        "return select(customers.c.id)",
    ),
    Fault(
        "every field may be asked by",
        "core/security/rights.py",
        "        rules = self._rules(entity, field)\n        always = ",
        "        rules: list[FieldRight] = []\n        always = ",
        REST,
    ),
    Fault(
        "an action's name is not looked at",
        "core/security/grants.py",
        "return self.action in (ANY, action) and (",
        "return bool(self.action) and (",
    ),
    Fault(
        "a broken restriction restricts nothing",
        "core/security/rights.py",
        "                if grant.deny:\n                    return false()\n                continue",
        "                continue",
    ),
    Fault(
        "deleted rows are live",
        "core/security/scope.py",
        'rows = execution_options.get(ROWS, "live")',
        'rows = execution_options.get(ROWS, "any")',
        (*SCOPE, "tests/rest/test_records.py"),
    ),
    Fault(
        "what is null is compared",
        "core/security/conditions/sql.py",
        "return and_(column.is_not(None), column == wanted[0])",
        "return column == wanted[0]",
        ("tests/security", "tests/scope"),
    ),
    Fault(
        "the total counts what is hidden",
        "core/services/records.py",
        "total = ctx.db.scalar(count_query(",
        "total = ctx.system.scalar(count_query(",
        REST,
    ),
    Fault(
        "labels of hidden records are told",
        "core/entities/reader.py",
        'found = self.db.execute(statement, values, execution_options={ROWS: "any"})',
        "found = self.resolver._session.execute(statement, values)",
        REST,
    ),
    Fault(
        "masked fields show in references",
        "core/entities/reader.py",
        "if not ruled & {entity.label, entity.natural_key}:",
        "if True:",
        REST,
    ),
    Fault(
        "a share that is over still opens",
        "core/security/store.py",
        "or_(Share.until_at.is_(None), Share.until_at > now),",
        "or_(Share.until_at.is_(None), Share.until_at.is_not(None)),",
    ),
    Fault(
        "rights are kept although they have changed",
        "core/security/store.py",
        "if known is not None and known[0] == key and _fresh(known[1].shares, now):",
        "if known is not None:",
        (*SCOPE, "tests/rest"),
    ),
    Fault(
        "references find what is hidden",
        "core/services/intake.py",
        "self._found[memo] = self.ctx.db.scalars(",
        "self._found[memo] = self.ctx.system.scalars(",
        REST,
    ),
    Fault(
        "the tripwire is cut",
        "core/db/guard.py",
        '    if stray:\n        raise Refused(f"a statement reached',
        '    if False:\n        raise Refused(f"a statement reached',
        ("tests/scope",),
    ),
)
