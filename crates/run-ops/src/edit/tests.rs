//! What must hold for edits, on made-up objects.

mod cases;
mod properties;
