//! A proxy that knows each request of one client by its number, and does to it on the wire what no server would.
//!
//! It lives on the caller's runtime, so that a paused clock drives all of it. Connections are closed after each answer:
//! a request is a connection, and its number counts from zero.

mod past;
pub(crate) mod raw;
mod strike;

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use run_emulator::{Emulator, Fault, Faults};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use past::Past;
use raw::Request;
pub use strike::{Impostor, Strike};

/// The service whose answers go astray. It must exist.
pub const BYSTANDER: &str = "bystander";

/// A proxy before an emulator.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

struct Shared {
    emulator: SocketAddr,
    faults: Faults,
    counter: Arc<AtomicU32>,
    plan: Mutex<Plan>,
}

/// What strikes, and what the proxy has seen.
#[derive(Default)]
struct Plan {
    strikes: Vec<(u32, Strike)>,
    /// What objects were before the last write to them; none if nobody will ask.
    past: Option<Past>,
    stale_until: Option<Instant>,
    last: Vec<u8>,
    weather: Option<Weather>,
    connections: Vec<JoinHandle<()>>,
    late: Vec<JoinHandle<()>>,
}

/// What strikes now and then.
struct Weather {
    random: StdRng,
    per_mille: u32,
    strikes: Vec<Strike>,
    struck: u32,
}

impl Weather {
    fn next(&mut self) -> Option<Strike> {
        if self.random.random_range(0..1000) >= self.per_mille || self.strikes.is_empty() {
            return None;
        }
        self.struck += 1;
        Some(self.strikes[self.random.random_range(0..self.strikes.len())].clone())
    }
}

/// What the client gets.
enum Answer {
    Bytes(Vec<u8>),
    /// This, and then more and more.
    Endless(Vec<u8>),
    Reset,
    /// Nothing, ever.
    Silence,
}

impl Proxy {
    /// A proxy on a port of its own.
    ///
    /// # Errors
    /// If no port can be had.
    pub async fn start(emulator: &Emulator) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            emulator: emulator.addr(),
            faults: emulator.faults(),
            counter: Arc::default(),
            plan: Mutex::default(),
        });
        let accepting = tokio::spawn({
            let shared = Arc::clone(&shared);
            async move {
                while let Ok((client, _)) = listener.accept().await {
                    let task = tokio::spawn(serve(Arc::clone(&shared), client));
                    shared.with(|plan| {
                        plan.connections.retain(|task| !task.is_finished());
                        plan.connections.push(task);
                    });
                }
            }
        });
        Ok(Self { address, shared, accepting })
    }

    /// Its URL, in place of the emulator's.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The number of the next request. Who keeps a request from coming here counts it, too.
    #[must_use]
    pub fn counter(&self) -> Arc<AtomicU32> {
        Arc::clone(&self.shared.counter)
    }

    /// Forgets everything, and lets all requests pass. What objects are is noted before each write if reads are to be
    /// stale later.
    pub fn reset(&self, notes_the_past: bool) {
        let plan = Plan { past: notes_the_past.then(Past::default), ..Plan::default() };
        let before = self.shared.with(|old| std::mem::replace(old, plan));
        for task in before.connections.into_iter().chain(before.late) {
            task.abort();
        }
        self.shared.faults.clear();
        self.shared.counter.store(0, Ordering::Relaxed);
    }

    /// Strikes the requests of these numbers, counted from now on.
    pub fn arm(&self, strikes: impl IntoIterator<Item = (u32, Strike)>) {
        self.shared.with(|plan| plan.strikes = strikes.into_iter().collect());
        self.shared.counter.store(0, Ordering::Relaxed);
    }

    /// From now on strikes so many of a thousand requests, each by one of these.
    pub fn weather(&self, seed: u64, per_mille: u32, strikes: Vec<Strike>) {
        let weather = Weather { random: StdRng::seed_from_u64(seed), per_mille, strikes, struck: 0 };
        self.shared.with(|plan| plan.weather = Some(weather));
        self.shared.counter.store(0, Ordering::Relaxed);
    }

    /// How many requests came in this weather, and how many of them were struck.
    #[must_use]
    pub fn struck(&self) -> (u32, u32) {
        let struck = self.shared.with(|plan| plan.weather.as_ref().map_or(0, |weather| weather.struck));
        (self.shared.counter.load(Ordering::Relaxed), struck)
    }

    /// Returns when everything that was on its way has arrived.
    pub async fn settled(&self) {
        while let Some(late) = self.shared.with(|plan| plan.late.pop()) {
            let _ = late.await;
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.reset(false);
    }
}

async fn serve(shared: Arc<Shared>, mut client: TcpStream) {
    let Ok(Some(request)) = Request::read(&mut client).await else { return };
    let index = shared.counter.fetch_add(1, Ordering::Relaxed);
    let mut hung_up = [0];
    let answer = tokio::select! {
        answer = shared.answer(&request, index) => answer,
        // It has said all that it had to say.
        _ = client.read(&mut hung_up) => return,
    };
    // Whoever does not listen any more needs no answer.
    let _ = match answer {
        Answer::Bytes(bytes) => {
            let sent = client.write_all(&bytes).await;
            shared.with(|plan| plan.last = bytes);
            sent
        }
        Answer::Endless(head) => endless(&mut client, &head).await,
        Answer::Reset => client.set_zero_linger(),
        Answer::Silence => client.read(&mut hung_up).await.map(drop),
    };
}

async fn endless(client: &mut TcpStream, head: &[u8]) -> io::Result<()> {
    const PIECE: usize = 16 << 10;
    client.write_all(head).await?;
    let piece = [format!("{PIECE:x}\r\n").as_bytes(), &[b'x'; PIECE], b"\r\n"].concat();
    loop {
        client.write_all(&piece).await?;
    }
}

impl Shared {
    fn with<R>(&self, work: impl FnOnce(&mut Plan) -> R) -> R {
        work(&mut self.plan.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn answer(self: &Arc<Self>, request: &Request, index: u32) -> Answer {
        let strike = self.with(|plan| match plan.strikes.iter().position(|(at, _)| *at == index) {
            Some(at) => Some(plan.strikes.swap_remove(at).1),
            None => plan.weather.as_mut()?.next(),
        });
        match strike {
            None | Some(Strike::Refused) => self.pass(request).await,
            Some(Strike::Emulated(kind)) => {
                self.faults.add(Fault::new(kind).times(1));
                self.pass(request).await
            }
            Some(Strike::Lost { applied }) => {
                if applied {
                    let _ = self.pass(request).await;
                }
                Answer::Reset
            }
            Some(Strike::Cut) => match self.pass(request).await {
                Answer::Bytes(bytes) => Answer::Bytes(bytes[..bytes.len() / 2].to_vec()),
                other => other,
            },
            Some(Strike::Instead { impostor, applied }) => {
                let answer = if applied { self.pass(request).await } else { Answer::Reset };
                match (applied, answer) {
                    (true, Answer::Reset) => Answer::Reset,
                    _ => Answer::Bytes(impostor.answer()),
                }
            }
            Some(Strike::Endless(status)) => {
                let _ = self.pass(request).await;
                Answer::Endless(strike::endless(status))
            }
            Some(Strike::Twice { second }) => {
                let first = self.pass(request).await;
                let other = self.pass(request).await;
                if second { other } else { first }
            }
            Some(Strike::OfAnother) => {
                let _ = self.pass(request).await;
                match strike::of_another(request) {
                    Ok(other) => self.exchange(&other).await,
                    Err(made_up) => Answer::Bytes(made_up),
                }
            }
            Some(Strike::OfTheOneBefore) => {
                let before = self.with(|plan| plan.last.clone());
                let own = self.pass(request).await;
                if before.is_empty() { own } else { Answer::Bytes(before) }
            }
            Some(Strike::Stale(lasting)) => {
                self.with(|plan| plan.stale_until = Some(Instant::now() + lasting));
                let answer = self.pass(request).await;
                if lasting.is_zero() {
                    self.with(|plan| plan.stale_until = None);
                }
                answer
            }
            Some(Strike::Late(after)) => {
                self.late(request.clone(), after);
                Answer::Silence
            }
        }
    }

    fn late(self: &Arc<Self>, request: Request, after: Duration) {
        let shared = Arc::clone(self);
        let task = tokio::spawn(async move {
            tokio::time::sleep(after).await;
            let _ = shared.pass(&request).await;
        });
        self.with(|plan| plan.late.push(task));
    }

    /// Carries the request out, or answers it from the past.
    async fn pass(&self, request: &Request) -> Answer {
        let stale = self.with(|plan| {
            let is_stale = plan.stale_until.is_some_and(|until| Instant::now() <= until);
            plan.past.as_ref().filter(|_| is_stale)?.recall(request)
        });
        if let Some(bytes) = stale {
            return Answer::Bytes(bytes);
        }
        let notes = self.with(|plan| plan.past.is_some());
        if let Some((key, look)) = past::look_before(request).filter(|_| notes)
            && let Answer::Bytes(bytes) = self.exchange(&look).await
        {
            self.with(|plan| plan.past.get_or_insert_default().note(key, bytes));
        }
        self.exchange(request).await
    }

    async fn exchange(&self, request: &Request) -> Answer {
        match raw::exchange(self.emulator, request).await {
            Ok(bytes) if !bytes.is_empty() => Answer::Bytes(bytes),
            _ => Answer::Reset,
        }
    }
}
