"""The search index: written with every change, asked by lists and by the search over everything."""
