//! Bytes as an HTTP request to an emulator: always an answer or an orderly end, and never one that says that something
//! is broken.
#![no_main]

use std::cell::RefCell;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use run_emulator::{Delays, Emulator};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};

/// Inputs until a new emulator takes over, so that the state stays small.
const INPUTS: usize = 10_000;

/// Only a hang takes this long; a wait for an operation may take a minute.
const HANG: Duration = Duration::from_secs(90);

struct World {
    runtime: Runtime,
    emulator: Emulator,
    inputs: usize,
}

thread_local! {
    static WORLD: RefCell<Option<World>> = const { RefCell::new(None) };
}

fuzz_target!(|bytes: &[u8]| {
    // The emulator's own paths make faults, which are answers that say that something is broken.
    if bytes.windows(10).any(|part| part == b"__emulator") {
        return;
    }
    WORLD.with_borrow_mut(|place| {
        if place.as_ref().is_none_or(|world| world.inputs >= INPUTS) {
            *place = None;
            let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
            let builder = Emulator::builder().delays(Delays::none());
            let emulator = runtime.block_on(builder.start()).expect("a port on loopback");
            *place = Some(World { runtime, emulator, inputs: 0 });
        }
        let world = place.as_mut().expect("it was just made");
        world.inputs += 1;
        let address = world.emulator.addr();
        let answer = world.runtime.block_on(async {
            let mut stream = TcpStream::connect(address).await.expect("it listens");
            // It may have refused the first part and be gone.
            let _ = stream.write_all(&framed(bytes)).await;
            let _ = stream.shutdown().await;
            let mut answer = Vec::new();
            let read = tokio::time::timeout(HANG, stream.read_to_end(&mut answer)).await;
            let _ = read.expect("an answer or an end");
            answer
        });
        let status = answer.get(9).copied();
        assert_ne!(status, Some(b'5'), "{}", String::from_utf8_lossy(&answer));
    });
});

/// A request of a head and a body, with the length that the body has.
fn framed(bytes: &[u8]) -> Vec<u8> {
    const END: &[u8] = b"\r\n\r\n";
    let Some(at) = bytes.windows(END.len()).position(|part| part == END) else { return bytes.to_vec() };
    let (head, body) = (&bytes[..at], &bytes[at + END.len()..]);
    let length = format!("\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    [head, length.as_bytes(), body].concat()
}
