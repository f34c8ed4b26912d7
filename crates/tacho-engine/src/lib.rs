//! The analytics: keyed, deterministic stages from events to facts.
