"""Encodings that several protocols share, and the one way in which a protocol talks to the outside: a conversation."""
