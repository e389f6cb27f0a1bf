"""The words and frozen structures that every other layer speaks. No behaviour that touches the outside."""
