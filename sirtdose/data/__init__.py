"""Constants and limits with their sources; read with importlib.resources."""
