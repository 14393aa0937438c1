"""Every coded safety check: pure functions of the values they judge."""
