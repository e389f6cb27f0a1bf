"""The only part that touches the network. It records what happened; it never judges."""
