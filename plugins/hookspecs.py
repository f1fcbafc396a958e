"""The hooks that the kernel calls. A plugin implements those it needs and leaves out the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from .contributions import Card, Column, Entity, Event, Extension, Job, ListView, Panel, RoleGrant, Subscriber
from .markers import hookspec


class Hooks(Protocol):
    """Every hook's name, arguments and contract. What a fault of a plugin does, `kehu.plugin_failure` decides."""

    @hookspec
    def register_entities(self) -> Iterable[Entity]:
        """The kinds of record that this plugin owns.

        When: once at boot, after the models of all enabled plugins are loaded.
        Result: entities whose keys start with the plugin's name and a dot.
        Failure: an exception, or a key that is already taken, is a fault of the plugin.
        """

    @hookspec
    def register_extensions(self) -> Iterable[Extension]:
        """Fields for the records of any foreign entity, named by its key.

        When: once at boot, after all entities are known.
        Result: at most one extension of each entity; its fields stand after the entity's own, in the
        order of the plugins.
        Failure: an exception, or an extension that does not fit its entity, stops the boot.
        """

    @hookspec
    def register_panels(self) -> Iterable[Panel]:
        """Blocks for the record pages of any entity, named by its key.

        When: once at boot, after all entities are known.
        Result: panels; those of one page stand in the order of the plugins, then as returned.
        Failure: an exception, or a key that is already taken, is a fault of the plugin.
        """

    @hookspec
    def register_cards(self) -> Iterable[Card]:
        """Blocks on people's start pages.

        When: once at boot.
        Result: cards; they stand in the order of the plugins, then as returned.
        Failure: an exception, a key that is already taken, or a profile that does not exist, stops the boot.
        """

    @hookspec
    def register_columns(self) -> Iterable[Column]:
        """Columns for the list of any entity, named by its key.

        When: once at boot, after all entities are known.
        Result: columns; those of one list stand in the order of the plugins, then as returned.
        Failure: an exception, or a key that is already taken, is a fault of the plugin.
        """

    @hookspec
    def register_list_views(self) -> Iterable[ListView]:
        """Other ways to look at the list of any entity, named by its key.

        When: once at boot, after all entities are known.
        Result: views; those of one list are offered in the order of the plugins, then as returned.
        Failure: an exception, or a key that is already taken, is a fault of the plugin.
        """

    @hookspec
    def register_grants(self) -> Iterable[RoleGrant]:
        """What the starter roles may do with this plugin's records beyond their grants on all business records.

        When: when the plugin begins to run on a site, or a new version of it does.
        Result: grants, each added to its role once; those that an administrator removes stay removed.
        Failure: an exception, or a grant that no administrator could write, is a fault of the plugin.
        """

    @hookspec
    def on_plugin_enabled(self, ctx: Any) -> None:
        """The plugin begins to run: add what it needs in the database and is not there, such as terms.

        When: each time it comes back after it was off, has failed or was purged; before it serves.
        Arguments: `ctx` acts as the administrator.
        Result: none. Called twice it must do nothing the second time.
        Failure: an exception is a fault of the plugin; nothing that it did stays.
        """

    @hookspec
    def configure_pyramid(self, config: Any) -> None:
        """Pages of the plugin's own: routes, views and static files, for what no declaration gives.

        When: once at boot, after the kernel's own pages.
        Arguments: `config`, a Pyramid Configurator; routes get the plugin's name as prefix.
        Failure: an exception, or an address or view that is already taken, is a fault of the plugin.
        """

    @hookspec
    def before_customer_state(self, ctx: Any, customer: Any, state: str) -> None:
        """A verb is about to move a customer to another state, such as `sealed`.

        When: inside the transaction, before the change; by order of the plugins.
        Result: none. What stands in the way is raised as `core.api.Conflict` with a code.
        Failure: an exception aborts the transaction.
        """

    @hookspec
    def on_customer_merge(self, ctx: Any, keep: Any, drop: Any) -> None:
        """Customer `drop` has been merged into `keep`: point to `keep` what the kernel cannot know of.

        When: inside the transaction, after the kernel has moved all rows that refer to a customer by
        a foreign key, and all rows attached to it by entity key and id.
        Result: none. Rows that are described as entities are changed through a session, so that the
        merge can be undone.
        Failure: an exception aborts the merge.
        """

    @hookspec
    def on_responsibility_transfer(
        self, ctx: Any, from_user: int, to_user: int | None, selection: Mapping[str, Sequence[int]]
    ) -> None:
        """Somebody takes over what another one was responsible for: move what no field of an entity says.

        When: inside the transaction, once for each user who takes over (None: nobody), after the records' own
        fields have been changed. `selection` holds the ids of the records by the key of their entity.
        Result: none. Rows that are described as entities are changed through a session, so that the transfer
        can be undone.
        Failure: an exception aborts the transfer.
        """

    @hookspec
    def register_jobs(self) -> Iterable[Job]:
        """Work that is done in the background, asked for by `enqueue` or by a schedule of its own.

        When: once at boot.
        Result: jobs whose keys start with the plugin's name and a dot.
        Failure: an exception, a key that is already taken, or a schedule that cannot be read, stops
        the boot. While the plugin is off its jobs wait.
        """

    @hookspec
    def register_events(self) -> Iterable[type[Event]]:
        """The kinds of events that this plugin publishes.

        When: once at boot.
        Result: frozen dataclasses whose keys start with the plugin's name and a dot.
        Failure: an exception, a key that is already taken, or a field that JSON would not bring back
        as it was, stops the boot.
        """

    @hookspec
    def register_subscribers(self) -> Iterable[Subscriber]:
        """What this plugin does when an event is published, by itself or by another plugin.

        When: once at boot, after all events are known.
        Result: subscribers whose keys start with the plugin's name and a dot; those of one event act in
        the order of the plugins, then as returned.
        Failure: an exception, or a key that is already taken (by a job too), stops the boot.
        """
