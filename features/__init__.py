"""What must be identical offline and online: vocabulary, encoding, scoring, deciding, storing."""
