"""Between QuickBooks' JSON and canonical records: one file for each family of kinds, all pure."""
