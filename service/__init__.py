"""Online: the HTTP service."""
