"""The import of a file step by step: kept, its columns understood, rehearsed, run as a job, taken back.

What a row comes to is `core.services.imports`' alone.
"""
