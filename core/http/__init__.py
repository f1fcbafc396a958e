"""What pages and REST share: a request's unit of work, who sends it, its language, its limits."""
