"""What each entry means for the tables: the same code live and in a rebuild."""
