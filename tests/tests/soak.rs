//! A small sample of `cargo xtask soak`.

use std::process::{Command, Stdio};
use std::time::Duration;

use run_tests::{World, conflicts, kills};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_edit_is_lost_among_many_clients() {
    let world = World::start().await;
    let load = conflicts::Load { clients: 20, services: 4, lasts: Duration::from_millis(1500), seed: 7 };
    let figures = conflicts::run(&world.emulator.url(), load).await.unwrap();
    assert!(figures.edits > 20 && figures.conflicts > 0, "{figures}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_acknowledged_write_is_lost_with_the_process() {
    let state = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("soak-state");
    let _ = std::fs::remove_file(&state);
    let command = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_soak"));
        command.arg("serve").arg(&state).stderr(Stdio::null());
        command
    };
    let alive = (Duration::from_millis(5), Duration::from_millis(300));
    let rounds = kills::Rounds { kills: 6, clients: 4, alive, seed: 7 };
    let figures = kills::run(command, rounds).await.unwrap();
    assert!(figures.acknowledged > 20, "{figures}");
    let _ = std::fs::remove_file(&state);
}
