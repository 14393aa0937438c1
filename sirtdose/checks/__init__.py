"""All coded safety checks, as pure functions of the values that they check."""
