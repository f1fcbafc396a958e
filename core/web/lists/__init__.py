"""The list page of every entity: what it is asked, its columns, its rows."""
