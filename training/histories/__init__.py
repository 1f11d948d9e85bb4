"""How learner histories come in: folders of tables are read, checked, imported and encoded."""
