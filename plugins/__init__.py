"""The SDK: what a plugin writes with, and what the kernel finds, orders and calls plugins with."""

from __future__ import annotations

from .contributions import (
    INVERSE,
    PROFILES,
    Card,
    Column,
    Entity,
    Event,
    Extension,
    Field,
    FieldType,
    Group,
    Job,
    ListView,
    More,
    Panel,
    RoleGrant,
    Rules,
    Subscriber,
    Timeline,
    Verb,
)
from .discovery import ENTRY_POINT_GROUP, Found, discover
from .errors import ContractError, DependencyError, ManifestError, PluginError
from .graph import parse_names, resolve, sift, usable, with_dependants, with_needs
from .lifecycle import Fault, PluginState, states
from .loading import load_hooks, load_models
from .manager import Contribution, Manager
from .manifest import API_VERSION, Manifest, Setting, validate
from .markers import hookimpl
from .registry import Registry

__all__ = [
    "API_VERSION",
    "ENTRY_POINT_GROUP",
    "INVERSE",
    "PROFILES",
    "Card",
    "Column",
    "ContractError",
    "Contribution",
    "DependencyError",
    "Entity",
    "Event",
    "Extension",
    "Fault",
    "Field",
    "FieldType",
    "Found",
    "Group",
    "Job",
    "ListView",
    "Manager",
    "Manifest",
    "ManifestError",
    "More",
    "Panel",
    "PluginError",
    "PluginState",
    "Registry",
    "RoleGrant",
    "Rules",
    "Setting",
    "Subscriber",
    "Timeline",
    "Verb",
    "discover",
    "hookimpl",
    "load_hooks",
    "load_models",
    "parse_names",
    "resolve",
    "sift",
    "states",
    "usable",
    "validate",
    "with_dependants",
    "with_needs",
]
