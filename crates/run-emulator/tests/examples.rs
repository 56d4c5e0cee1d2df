//! The example, run.

#[allow(dead_code, reason = "its main is not called")]
#[path = "../examples/fill.rs"]
mod fill;

use run_emulator::{Delays, Emulator};

#[tokio::test]
async fn an_emulator_is_filled() -> Result<(), Box<dyn std::error::Error>> {
    let emulator = Emulator::builder().delays(Delays::none()).start().await?;
    let bytes = fill::fill(&emulator.url(), 3).await?;
    assert!(bytes > 3 * 1000, "{bytes}");
    // What is there already cannot be created.
    assert!(fill::fill(&emulator.url(), 3).await.is_err());
    Ok(())
}
