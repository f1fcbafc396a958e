"""What a plugin declares: frozen data, collected once at boot.

A declaration names foreign things by key (`core.customer`), never by import, so that a
plugin can speak about an entity whose plugin is switched off.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from functools import cached_property
from typing import Any, ClassVar, Final, Literal, Protocol

INVERSE: Final = "inverse"


class FieldType(Protocol):
    """One kind of value on every surface: Python, SQL, form, text and JSON.

    The kernel's types live in `core.api`; the SDK only carries them.
    """

    kind: str


@dataclass(frozen=True)
class Field:
    """One field of an entity: `name` in JSON, filters and files, `title` on pages, `type` one of the kinds of values.

    A `required` field is never empty, nor is one whose column takes no NULL. A `read_only` one is shown and
    written by code alone, a `create_only` one is written once. `default(ctx)` gives the value on create when
    none is sent. `right` is the action that a change of this field needs instead of `edit`. By a `searchable`
    one records are found. `column` is the model's attribute (default: the name; references: name + `_id`),
    `sort` another attribute to order by. `help` is a sentence beside the field in forms. `synonyms`
    are other names that heads of columns in people's files have for it, in any language. `asked_when` names a choice
    or yes-or-no field of the same record and those of its values with which this one is asked for:
    `("kind", ("call", "meeting"))`.
    """

    name: str
    type: FieldType
    title: str
    _: KW_ONLY
    required: bool = False
    read_only: bool = False
    create_only: bool = False
    searchable: bool = False
    right: str = "edit"
    default: Callable[[Any], Any] | None = None
    column: str | None = None
    sort: str | None = None
    help: str = ""
    synonyms: tuple[str, ...] = ()
    asked_when: tuple[str, tuple[str | bool, ...]] | None = None


@dataclass(frozen=True)
class Group:
    """A run of `fields`, by their names, under a `title` in forms and on the record page."""

    title: str
    fields: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """How an entity's records stand on the timelines of other records: those that its references `of` lead to.

    Records that hang on any one record need no `of`. `at` names the day or moment at which each was; one without
    a moment stands where it was made, one without a day nowhere. `who` names the user whose doing it was, `kind`
    a choice that says what it was, `icons` a sign for each of its codes, `text` the fields that stand below its
    name. With `done`, the name of a yes-or-no field, those that are not done are plans, for the moment `at` or the
    day `due`.
    """

    of: tuple[str, ...] = ()
    at: str = "created_at"
    who: str = "created_by"
    kind: str = ""
    icons: Mapping[str, str] | None = None
    text: tuple[str, ...] = ()
    done: str = ""
    due: str = ""


@dataclass(frozen=True)
class Verb:
    """A business verb: the button `title` and `POST …/ID/actions/NAME` (its `name`) call the same function.

    `arguments` is a tuple of Fields, asked for in a form and named in JSON; `run(ctx, record, args)` returns
    None or a JSON document that replaces the record in the reply; `answer` is then its JSON schema. `right`
    is the action it needs on the record: `edit`, another of the kernel's, or the verb's own name.
    `when(record)` tells whether a page offers it, and `run` refuses all the same. `on_binned` says that it is
    for records in the recycle bin too. `undo` says how it is taken back: `INVERSE` sets the record's fields back
    to what the audit says they were, a function `undo(ctx, record, entry)` does more than that, a text says why
    it cannot be. `page` is the address of a page that does the verb in its own way, with `{id}` in it: the button
    leads there.
    `bulk` offers it for many records at once, chosen in the list.
    """

    name: str
    title: str
    right: str
    run: Callable[[Any, Any, Mapping[str, Any]], Any]
    arguments: tuple[Field, ...] = ()
    on_binned: bool = False
    when: Callable[[Any], bool] | None = None
    answer: Mapping[str, Any] | None = None
    undo: Callable[[Any, Any, Any], None] | str = INVERSE
    bulk: bool = False
    page: str = ""


class Rules:
    """What an entity's values must obey beyond their types. Subclass and override.

    `ctx` is the kernel's context; both raise the kernel's errors (`core.api.Invalid`, `Conflict`).
    `closed` says why nobody creates, changes or deletes such records by any door; elevated work writes them.
    `gone` says why a deletion of theirs is never undone.
    `switches` names yes-or-no answers that may be sent along with a record; `prepare` finds them among
    the values, and nothing stores them. `alike_by` names the fields by which `alike` finds others; while they are
    filled in for a new record, its form and programs are told of those.
    """

    closed: str = ""
    gone: str = ""
    switches: tuple[str, ...] = ()
    alike_by: tuple[str, ...] = ()

    def prepare(self, ctx: Any, record: Any, values: dict[str, Any], creating: bool) -> None:
        """Fill in and check `values` (by field name) before they are stored; `record` is None on create."""

    def stored(self, ctx: Any, record: Any, values: Mapping[str, Any], creating: bool) -> None:
        """Do what follows from a record that has just been stored with these `values`."""

    def keys(self, values: Mapping[str, Any]) -> Iterable[Hashable] | None:
        """What the rules of another row would find this one by, once it is stored; for rows stored many at once.

        Rows that share no key are prepared before any of them is stored: so `prepare` and `stored` look at
        others by these keys alone, and `prepare` writes nothing. References in `values` may still be
        natural keys. None: every row is stored before the next is prepared. That is slow, always right,
        and what rules get that say nothing.
        """
        own = type(self)
        return () if own.prepare is Rules.prepare and own.stored is Rules.stored else None

    def prefetch(self, ctx: Any, rows: Sequence[Mapping[str, Any]]) -> None:
        """Look up at once what `prepare` is going to look up for each of these new rows.

        What was found is kept in `ctx.facts`, which is emptied when anything is written.
        """

    def alike(self, ctx: Any, values: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        """Records that may be the same as a new one with these values of `alike_by`, the surest first.

        Each says its `level` (`certain`, `high`, `possible`) and the field that it was found `by`, and either `id`,
        `label` and `key`, or that it is `hidden` from the asker, with its `unit` and the day `since` which it is
        there, and nothing else.
        """
        return ()

    def before_delete(self, ctx: Any, record: Any) -> None:
        """Refuse a deletion that something stands in the way of."""


@dataclass(frozen=True, kw_only=True)
class Entity:
    """A kind of record, described once; list, form, REST and import are derived from it.

    `key` is `PLUGIN.THING`; of it follow the addresses `/PLUGIN/THINGS`, grants and translations of `title` (one)
    and `plural` (many). `model` is a mapped class. What is not among the `fields` does not exist outside
    Python. `groups` arrange them on forms and pages (default: one group of all), `columns` are those of the
    list (default: the natural key), `sort` orders it, such as `-given_on,name`. `label` names the field that
    stands for a record where others refer to it, `rank` the one by which lists of those are sorted (default: the
    label), `natural_key` the one by which files and programs name it.
    `public` lists the fields that every user reads whatever his grants. `verbs` are what can be done beside
    creating, editing and deleting, `rules` what values must obey, `icon` the sign in the menu, one of those
    that the page `/design` of any site shows, `help` says in a sentence or two what its records are, where there
    are none yet. `timeline` says how its records stand on the timelines of others.

    A choice called `state` is shown as a way of steps at the head of a record's page, and as counts above the list.
    """

    key: str
    model: type
    title: str
    plural: str
    fields: tuple[Field, ...]
    groups: tuple[Group, ...] = ()
    columns: tuple[str, ...] = ()
    sort: str = "id"
    label: str = "name"
    rank: str = ""
    natural_key: str = "code"
    public: tuple[str, ...] = ()
    verbs: tuple[Verb, ...] = ()
    rules: Rules = Rules()  # noqa: RUF009 - has no state
    icon: str = "list"
    help: str = ""
    timeline: Timeline | None = None

    def __hash__(self) -> int:
        return hash(self.key)  # not of all the fields: entities are keys of much-used dictionaries

    def field(self, name: str) -> Field:
        """The field of that name; KeyError if there is none."""
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> Mapping[str, Field]:
        return {field.name: field for field in self.fields}


@dataclass(frozen=True, kw_only=True)
class Extension:
    """Fields that a plugin adds to the records of a foreign entity `of`, one extension for each.

    `model` is a table of the plugin's own on the kernel's `ExtensionOf(…)`, its columns nullable. The
    `fields` are called by the plugin's name and their own, `gifts.budget`, and are read, written and
    asked for with the record. `title` heads them in forms and on the record's page; `columns` are
    those that the list shows.
    """

    of: str
    model: type
    fields: tuple[Field, ...]
    title: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RoleGrant:
    """A line that a starter role gets once, when the plugin first runs on a site.

    `role` is its code, `entity` a key or `"*"`, `action` `view`, `create`, `edit`, `delete`, `assign`, `share`,
    `export`, `import`, a verb's name or `"*"`; `reach` is `own`, `unit`, `subtree` or `all`, `condition` a filter
    that the records must fit besides. An administrator may change or remove it like any other; it does not
    come back.
    """

    role: str
    entity: str
    action: str
    reach: str
    condition: Any = None

    @property
    def key(self) -> str:
        return f"{self.role} {self.entity} {self.action} {self.reach}"


@dataclass(frozen=True, kw_only=True)
class Panel:
    """A block `title` on the record page of another `entity`; `key` is `PLUGIN.NAME`.

    `render(ctx, record)` returns the template's asset spec and its variables. It runs in a
    savepoint of its own: when it fails, the page shows a grey box and lives on. It stands `after` the panel
    of that key, if it is there.
    """

    key: str
    entity: str
    title: str
    render: Callable[[Any, Any], tuple[str, Mapping[str, Any]]]
    after: str | None = None


PROFILES = ("representative", "manager", "executive")  # kinds of start pages, from near the work to far above it


@dataclass(frozen=True, kw_only=True)
class Card:
    """A block `title` on the start page of those whose role gives them one of the `profiles` `representative`,
    `manager` and `executive`; `key` is `PLUGIN.NAME`.

    `render(ctx, period)` returns the template's asset spec and its variables, or None where there is nothing to
    show: then there is no card. `period` is the month, quarter or year that the page is about (`core.api.Period`).
    It is isolated as a panel is. A `wide` card is for a table: an executive's page gives it all the width. It
    stands `after` the card of that key, if it is there.
    """

    key: str
    title: str
    render: Callable[[Any, Any], tuple[str, Mapping[str, Any]] | None]
    profiles: tuple[str, ...] = PROFILES
    wide: bool = False
    after: str | None = None


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column `title` in the list of an `entity`, of values of a `type`; `key` is `PLUGIN.NAME`.

    The entity is another's, or one's own that shows what is counted and not stored. `load(ctx, ids)` gets the ids
    of a whole page and returns the values by id, so that a column costs one statement, never one a row.
    """

    key: str
    entity: str
    title: str
    type: FieldType
    load: Callable[[Any, Sequence[int]], Mapping[int, Any]]


@dataclass(frozen=True, kw_only=True)
class ListView:
    """Another way to look at the list of an `entity`, called `title` and with a sign `icon`: a board, a calendar.
    `key` is `PLUGIN.NAME`; the list's address says `?view=NAME`, and saved views keep it.

    `render(ctx, asked)` returns the template's asset spec and its variables. `asked(condition, limit=50)` is what
    the list is asked for, search and filter included, narrowed by one more condition in JSON (None: as it is), as
    `records.listing` and `records.groups` take it. Only who may filter by the fields `by` is offered the view. It is
    isolated as a panel is: when it fails, the list says so and is still there as a table.
    """

    key: str
    entity: str
    title: str
    icon: str
    render: Callable[[Any, Callable[..., Any]], tuple[str, Mapping[str, Any]]]
    by: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Job:
    """Work done in the background, as the user who asked for it, with his rights at that time.

    `key` is `PLUGIN.NAME`, `title` what people read of it. `run(ctx, payload)` has a transaction to
    itself, which also marks the job as done: it happens once, or again from the start. It returns None, a
    JSON result, or `More`: then what it did is kept and it is called again with the payload given there, in
    the next transaction.

    `schedule` is a cron line of five fields in the site's time zone; such a job gets no payload,
    acts as the administrator and never runs twice at once. A job that raises is tried again, each
    time later, `attempts` times in all. `limit` is how many seconds one call may take.
    """

    key: str
    title: str
    run: Callable[[Any, Any], Any]
    schedule: str = ""
    attempts: int = 5
    limit: int = 300


@dataclass(frozen=True)
class More:
    """A job's answer when it has done `done` of `total` (if that is known) and wants to go on with `payload`."""

    payload: Any
    done: int
    total: int | None = None


class Event:
    """Something that has happened, told in ids and plain values. A plugin's are frozen dataclasses:

        @dataclass(frozen=True)
        class GiftGiven(Event):
            key = "gifts.GiftGiven"
            gift_id: int

    Their fields are bool, int, str, Decimal, date or datetime, or one of these or None.
    """

    key: ClassVar[str]


@dataclass(frozen=True, kw_only=True)
class Subscriber:
    """Does something when an event is published, by whatever plugin; the `event` is named by its key.

    Its own `key` is `PLUGIN.NAME`. In the `lane` `now`, `run(ctx, event)` is part of the transaction, and what
    it raises undoes all. In the lane `later` it is a job by this key, asked for in the transaction and run
    after it.
    """

    key: str
    event: str
    run: Callable[[Any, Any], None]
    lane: Literal["now", "later"]
