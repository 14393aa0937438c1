"""How sure a dose is: what it rests on, propagated by two routes."""
