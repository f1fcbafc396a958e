"""The site on which a plugin is tried: an embedded database of its own, a few people, their clients."""

from __future__ import annotations

import json
import logging
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from pyramid.request import Request

from core.app import assemble
from core.boot import boot
from core.errors import KehuError
from core.http.paths import API, collection
from core.http.work import COOKIE
from core.kit.messages import root_of
from core.migrations import runner
from core.quarantine import where
from core.security import passwords
from core.services import lifecycle, login, records, setup
from core.services.jobs import runner as runner_of_jobs
from core.services.login import Visitor, by_login
from core.services.work import Ctx, Kernel, Work
from core.settings import Settings, read
from core.web.safety import COOKIE as CSRF
from core.web.safety import SALT, proof
from plugins import PROFILES, Entity, Fault, Field, Manifest, PluginError, discover, resolve, usable, with_needs
from plugins.errors import did_you_mean

HOSTILE = "<script>alert(1)</script>"
SQL = "sql;desc="
At = tuple[str, int]  # key of an entity and id of a record


class Ear(logging.Handler):
    """Hears what goes wrong in the site while it answers a request, for whoever asks afterwards."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.errors: list[BaseException] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1]:
            self.errors.append(record.exc_info[1])


class Client:
    """Somebody who sends requests; `who` is None for a stranger."""

    def __init__(self, bench: Bench, who: str | None) -> None:
        self._bench, self._who = bench, who

    @cached_property
    def _secrets(self) -> tuple[str, str]:
        if self._who is None:
            return "", ""
        who = self._who

        def task(work: Any) -> tuple[str, str]:
            return login.new_token(work, who), _session(work, who)

        return self._bench.kernel.run(task, write=True) or ("", "")

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """A call of REST; the reply has `.status_int` and `.json`."""
        headers = {"Accept-Language": "en"}
        if self._who:
            headers["Authorization"] = f"Bearer {self._secrets[0]}"
        request = Request.blank(API + path, method=method, headers=headers)
        if body is not None:
            request.body, request.content_type = json.dumps(body).encode(), "application/json"
        return self._bench.answer(request)

    def page(self, path: str, form: Mapping[str, str] | None = None) -> Any:
        """A page; with `form` it is posted."""
        cookies = f"{CSRF}=x" + (f"; {COOKIE}={self._secrets[1]}" if self._who else "")
        body = None if form is None else urlencode({**form, "csrf_token": proof("x", "0" * SALT)}).encode()
        request = Request.blank(path, headers={"Cookie": cookies, "Accept-Language": "en"}, POST=body)
        return self._bench.answer(request)


def _session(work: Any, who: str) -> str:
    return login.open_session(work, who, Visitor())


class Bench:
    """`name` is an installed plugin; those that it needs are on with it. A context manager: it cleans up."""

    def __init__(self, name: str) -> None:
        found = discover()
        if name not in found:
            raise KehuError(f"no plugin {name} is installed{did_you_mean(name, found)}")
        self.name, self.found = name, found
        self.folder = Path(tempfile.mkdtemp(prefix="kehu-kit-"))
        self.clients: dict[str | None, Client] = {}
        self._made = 0
        self._ear = Ear()
        logging.getLogger("core").addHandler(self._ear)

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database and remove it."""
        logging.getLogger("core").removeHandler(self._ear)
        if "kernel" in vars(self):
            self.kernel.database.dispose()
        shutil.rmtree(self.folder)

    # --- what it is ----------------------------------------------------------------------------

    @cached_property
    def manifest(self) -> Manifest:
        return usable(self.found, self.name)

    @cached_property
    def root(self) -> Path:
        return root_of(self.manifest)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The plugin and all that it needs."""
        return with_needs(self.found, self.name)

    def settings(self, names: tuple[str, ...] | None = None, **lines: str) -> Settings:
        plugins = " ".join(self.names if names is None else names)
        known = {"database_url": self.url, "plugins": plugins, "plugin_failure": "quarantine", "testing": "true"}
        return read({f"kehu.{name}": value for name, value in (known | lines).items()}, {})

    @property
    def url(self) -> str:
        return f"sqlite:///{self.folder / 'kehu.db'}"

    @cached_property
    def fault(self) -> Fault | None:
        """Why the plugin does not start, None if it does."""
        try:
            kernel = assemble(boot(self.settings())).registry["kehu"]
        except KehuError as error:
            return Fault(self.name, str(error.detail or error), "mend it")
        kernel.database.dispose()
        return next((fault for fault in kernel.faults if fault.plugin == self.name), None)

    @cached_property
    def differences(self) -> list[runner.Difference]:
        """What the plugin's models and its migrations do not agree on. PluginError where a migration fails."""
        manifests = resolve(self.found, self.names)
        with runner.scratch(manifests) as url:
            return runner.differences(url, manifests, self.name)

    @cached_property
    def not_begun(self) -> PluginError | None:
        """Why the plugin, started and with its tables made, cannot begin to run on a site."""
        try:
            _kernel = self.kernel
        except PluginError as error:
            return error
        return None

    # --- how far it comes: each asks for those before it ------------------------------------------

    @property
    def starts(self) -> bool:
        return self.fault is None

    @cached_property
    def has_tables(self) -> bool:
        """Whether its migrations make all tables and columns that its statements name."""
        try:
            return self.starts and not any(one.lacks for one in self.differences)
        except Exception:  # told by the check `migrations`
            return False

    @property
    def begins(self) -> bool:
        return self.has_tables and self.not_begun is None

    # --- the site ------------------------------------------------------------------------------

    @cached_property
    def kernel(self) -> Kernel:
        kernel = boot(self.settings())
        runner.upgrade(self.url, kernel.manifests)
        kernel.run(lambda work: setup.set_up(work, passwords.random_password()), write=True)
        kernel.run(lifecycle.sync, write=True)
        kernel.run(lambda work: self._people(work.act_as(by_login(work, "admin", door="kit"))), write=True)
        return kernel

    @cached_property
    def app(self) -> Any:
        return assemble(self.kernel)

    def answer(self, request: Request) -> Any:
        self._ear.errors.clear()
        return request.get_response(self.app)

    @property
    def has_failed(self) -> bool:
        """Whether something went wrong in the last request, be it that the page shows a grey box in its place."""
        return bool(self._ear.errors)

    def why(self) -> str:
        """What went wrong in the last request: the error, and in parentheses the line of the plugin."""
        errors = self._ear.errors
        if not errors:
            return ""
        place = where(self.manifest, errors[0])
        return f": {type(errors[0]).__name__}: {errors[0]}{f' ({place})' if place else ''}"

    def _people(self, ctx: Ctx) -> None:
        """`ann` in the east and `bob` in the west may do all with what is theirs, `eve` nothing; `manager` and
        `executive` see everything and have such start pages.
        """

        def create(key: str, **values: Any) -> None:
            records.create(ctx, ctx.catalog[key], values)

        for unit in ("east", "west"):
            create("core.unit", code=unit, name=unit, kind="branch", parent="hq")
        keys = ["*", *(entity.key for entity in self._own(ctx.kernel))]
        grants = [{"entity": key, "action": "*", "reach": "own"} for key in keys]
        create("core.role", code="kit", name="kit", grants=grants, field_rights=[])
        for name, unit, roles in (("ann", "east", ["kit"]), ("bob", "west", ["kit"]), ("eve", "west", [])):
            create("core.user", login=name, name=name, unit=unit, roles=roles)
        everything = [{"entity": key, "action": "view", "reach": "all"} for key in keys]
        for profile in PROFILES[1:]:
            create(
                "core.role", code=f"kit-{profile}", name=profile, grants=everything, field_rights=[], profile=profile
            )
            create("core.user", login=profile, name=profile, unit="hq", roles=[f"kit-{profile}"])

    def user(self, login: str, *roles: str, unit: str = "east") -> int:
        """One more person, with starter roles such as `sales_rep`: to try what `register_grants` gives."""

        def create(work: Work) -> int:
            ctx = work.act_as(by_login(work, "admin", door="kit"))
            values = {"login": login, "name": login, "unit": unit, "roles": list(roles)}
            return int(records.create(ctx, ctx.catalog["core.user"], values).id)

        return self.kernel.run(create, write=True) or 0

    @contextmanager
    def acting(self, who: str = "ann", *, write: bool = True) -> Iterator[Ctx]:
        """A unit of work as `ann`, `bob`, `eve`, `admin` or a `user`; it commits when the block ends."""
        with self.kernel.work(write=write) as work:
            yield work.act_as(by_login(work, who, door="kit"))

    def run_jobs(self) -> int:
        """Run all jobs that are due, and with them the subscribers of the lane `later`. Returns how many there were."""
        return runner_of_jobs.work_off(self.kernel)

    def client(self, who: str | None) -> Client:
        return self.clients.setdefault(who, Client(self, who))

    def _own(self, kernel: Kernel) -> list[Entity]:
        return [entity for entity in kernel.catalog if entity.key.startswith(f"{self.name}.")]

    @property
    def entities(self) -> list[Entity]:
        """The plugin's own."""
        return self._own(self.kernel)

    # --- records to try with -------------------------------------------------------------------

    def customer(self, who: str = "ann", name: str = "") -> int:
        self._made += 1
        made = self.client(who).api("POST", "/core/customers", {"name": name or f"Customer {self._made}"})
        return int(made.json["id"])

    def values(self, entity: Entity, customer: int, text: str = "", at: At | None = None) -> dict[str, Any]:
        """Values for a new record: those that are needed, those that refer to the customer and to the record `at`,
        and every text where `text` is given.
        """
        self._made += 1
        known = {"core.customer": customer} | dict([at] if at else [])
        given = self._samples.get(entity.key, {})
        values = {}
        for field in entity.fields:
            if field.name in given:
                values[field.name] = given[field.name]
            elif field.required and field.default is None and not field.read_only:
                values[field.name] = self._value(field, known)
            elif getattr(field.type, "entity", "") in known and field.type.kind == "reference" and _is_open(field):
                values[field.name] = known[getattr(field.type, "entity", "")]
            elif field.type.kind == "any" and at and _is_open(field):
                values[field.name] = self._value(field, known)
            if text and field.type.kind == "text" and field.name not in given and _is_open(field):
                values[field.name] = f"{text} {self._made}"[: getattr(field.type, "length", 200)]
        return values

    def create(self, entity: Entity, customer: int, who: str = "ann", text: str = "", at: At | None = None) -> Any:
        """REST's reply to a new record."""
        return self.client(who).api("POST", collection(entity.key), self.values(entity, customer, text, at))

    def first(self, entity: Entity, query: str = "?limit=1") -> int | None:
        """A record that is there, if there is one."""
        reply = self.client("admin").api("GET", f"{collection(entity.key)}{query}")
        found = reply.json["items"] if reply.status_int == 200 else []
        return found[0]["id"] if found else None

    @cached_property
    def _samples(self) -> Mapping[str, Mapping[str, Any]]:
        """Values that a plugin gives in `SAMPLES` of its module `testing`, where its rules want certain ones."""
        try:
            module = import_module(f"{self.manifest.package}.testing")
        except ModuleNotFoundError:
            return {}
        samples: Mapping[str, Mapping[str, Any]] = getattr(module, "SAMPLES", {})
        return samples

    def _value(self, field: Field, known: Mapping[str, int]) -> Any:
        kind: Any = field.type
        today = self.kernel.clock.day(self.kernel.clock.now()).isoformat()
        plain: dict[str, Any] = {
            "text": f"T{self._made}",
            "integer": getattr(kind, "low", 0),
            "money": "1",
            "date": today,
            "moment": f"{today}T08:00:00Z",
            "boolean": True,
            "choice": next(iter(getattr(kind, "offered", ()) or getattr(kind, "choices", ())), None),
            "references": [],
            "document": None,
            "any": dict(zip(("entity", "id"), [*known.items()][-1], strict=True)),
        }
        return self._target(kind, known) if kind.kind == "reference" else plain.get(kind.kind)

    def _target(self, kind: Any, known: Mapping[str, int]) -> Any:
        entity = self.kernel.catalog[kind.entity]
        if entity.key in known:
            return known[entity.key]
        if entity in self.entities:
            return self.create(entity, known["core.customer"]).json.get("id")
        within = ["and", *(["=", name, value] for name, value in kind.within)]
        return self.first(
            entity, f"?{urlencode({'filter': json.dumps(within), 'limit': 1})}" if kind.within else "?limit=1"
        )


def _is_open(field: Field) -> bool:
    return not field.read_only and field.right == "edit"


def statements(reply: Any) -> int:
    """How many statements the request has taken."""
    return int(reply.headers["Server-Timing"].split(SQL)[1].split(",")[0])
