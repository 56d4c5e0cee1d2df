//! What processes write, line by line.

use std::fmt;
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

/// A line that a local process wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProcessLine<'a> {
    /// Who wrote it: the name of a revision or task, and of the container where there are several.
    pub source: &'a str,
    /// Where to.
    pub stream: Stream,
    /// The line without its end; what is not UTF-8 is replaced, and a very long line comes in pieces.
    pub text: &'a str,
}

/// Where a process writes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stream {
    /// The standard output.
    Stdout,
    /// The standard error output.
    Stderr,
    /// Nowhere: the emulator says something of the process.
    Note,
}

type Taker = dyn Fn(ProcessLine<'_>) + Send + Sync;

/// Who is given the lines.
#[derive(Clone, Default)]
pub(crate) struct Sink(Option<Arc<Taker>>);

impl Sink {
    pub(crate) fn new(sink: impl Fn(ProcessLine<'_>) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(sink)))
    }

    /// A line of the emulator's own about a process.
    pub(crate) fn note(&self, source: &str, text: &str) {
        self.line(source, Stream::Note, text.as_bytes());
    }

    pub(super) fn line(&self, source: &str, stream: Stream, line: &[u8]) {
        if let Some(sink) = &self.0 {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            sink(ProcessLine { source, stream, text: &String::from_utf8_lossy(line) });
        }
    }
}

impl fmt::Debug for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sink").field(&self.0.is_some()).finish()
    }
}

/// A longer line is given in pieces, so that a process that writes no line ends fills no memory.
const LONGEST: usize = 16 * 1024;

/// Gives what comes to the sink until there is no more.
pub(super) async fn forward(sink: &Sink, source: &str, stream: Stream, from: Option<impl AsyncRead + Unpin>) {
    let Some(from) = from else { return };
    let mut reader = BufReader::new(from);
    let mut line = Vec::new();
    while let Ok(chunk) = reader.fill_buf().await {
        if chunk.is_empty() {
            break;
        }
        let room = &chunk[..chunk.len().min(LONGEST - line.len())];
        let (part, used, whole) = match room.iter().position(|byte| *byte == b'\n') {
            Some(at) => (&room[..at], at + 1, true),
            None => (room, room.len(), false),
        };
        line.extend_from_slice(part);
        reader.consume(used);
        if whole || line.len() == LONGEST {
            sink.line(source, stream, &line);
            line.clear();
        }
    }
    if !line.is_empty() {
        sink.line(source, stream, &line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    async fn lines(written: &[u8]) -> Vec<String> {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sink = {
            let seen = seen.clone();
            Sink::new(move |line| seen.lock().unwrap().push(line.text.to_owned()))
        };
        forward(&sink, "hello", Stream::Stdout, Some(written)).await;
        seen.lock().unwrap().clone()
    }

    #[tokio::test]
    async fn lines_come_whole_and_long_ones_in_pieces() {
        assert_eq!(lines(b"one\r\n\ntwo \xff\nthree").await, ["one", "", "two \u{fffd}", "three"]);
        assert_eq!(lines(b"").await, Vec::<String>::new());
        let long = lines("x".repeat(LONGEST + 5).as_bytes()).await;
        assert_eq!(long.iter().map(String::len).collect::<Vec<_>>(), [LONGEST, 5]);
    }
}
