"""Codes and values in words: the room that knows texts and languages, and nothing of pages. Pure."""
