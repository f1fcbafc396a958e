"""Gifts given to customers: a record of its own, a panel and a column on the customer."""

from plugins import Manifest

manifest = Manifest(
    name="gifts",
    title="Gifts",
    summary="Who was given what, and when",
    version="0.1",
)
