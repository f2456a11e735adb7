"""What screens are built of. Each widget draws and posts messages; none asks the daemon."""
