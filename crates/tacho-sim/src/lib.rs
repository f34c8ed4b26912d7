//! The simulated fleet, its truth file and its load.
