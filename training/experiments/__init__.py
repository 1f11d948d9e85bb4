"""What an experiment's numbers say: arrays in, frozen results out; nothing here reads or writes."""
