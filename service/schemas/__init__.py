"""What goes over the wire: bodies are strict and bounded, answers have no defaults."""
