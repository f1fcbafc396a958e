"""What the tests stand on: private database servers, the report per database, set-up scripts."""
