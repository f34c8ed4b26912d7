//! Windowed numbers against an independent recomputation in SQL from the raw tables.
