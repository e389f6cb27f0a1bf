"""What the chain of a peer is worth: by whom it is signed, for which names, until when. Files of authorities are read
here; nothing is sent."""
