"""Receive and send over the network."""
