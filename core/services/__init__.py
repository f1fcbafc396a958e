"""The rules of the business, each once. Every door calls these and nothing below them."""
