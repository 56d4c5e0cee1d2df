//! Bodies on their way through.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The body of a request, up to a length.
pub(super) struct Limited {
    body: Incoming,
    left: u64,
    exceeded: Arc<AtomicBool>,
}

impl Limited {
    /// Also returns what says whether the body was longer.
    pub(super) fn new(body: Incoming, most: u64) -> (Self, Arc<AtomicBool>) {
        let exceeded = Arc::new(AtomicBool::new(false));
        (Self { body, left: most, exceeded: exceeded.clone() }, exceeded)
    }
}

impl Body for Limited {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Pin::new(&mut self.body).poll_frame(context).map(|frame| {
            frame.map(|frame| {
                let frame = frame?;
                let length = frame.data_ref().map_or(0, Bytes::len);
                match self.left.checked_sub(u64::try_from(length).unwrap_or(u64::MAX)) {
                    Some(left) => self.left = left,
                    None => {
                        self.exceeded.store(true, Ordering::Relaxed);
                        return Err(io::Error::from(io::ErrorKind::FileTooLarge).into());
                    }
                }
                Ok(frame)
            })
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The body of an answer, which ends when the request has taken its time. It holds what the request has in use.
pub(super) struct Timed<H> {
    body: Incoming,
    end: Pin<Box<Sleep>>,
    _held: H,
}

impl<H> Timed<H> {
    pub(super) fn new(body: Incoming, deadline: Instant, held: H) -> Self {
        Self { body, end: Box::pin(sleep_until(deadline)), _held: held }
    }
}

impl<H: Unpin> Body for Timed<H> {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.end.as_mut().poll(context).is_ready() {
            return Poll::Ready(None);
        }
        Pin::new(&mut self.body).poll_frame(context).map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
