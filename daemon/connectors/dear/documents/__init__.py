"""Reading purchases and sales: lists of changes, and the details behind each changed row."""
