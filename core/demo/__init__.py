"""Believable data to try Kehu with. The same seed gives the same data."""
