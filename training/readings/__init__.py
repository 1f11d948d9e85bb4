"""What an experiment led to: from what the store holds to a document that says what to do."""
