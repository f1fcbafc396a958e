"""The data layer: engines, transactions, the guarded session, portable types."""
