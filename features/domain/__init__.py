"""The vocabulary: frozen dataclasses and named errors, standard library only."""
