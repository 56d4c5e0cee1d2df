//! Requests to the service itself: does it answer, and which revision does?

use std::time::{Duration, Instant};

use futures::StreamExt;
use run_api::LoopbackResolver;
use run_ops::Deadline;
use serde::Serialize;

use crate::terminal::{ExitStatus, Failure};

const PARALLEL: usize = 16;
const PAUSE: Duration = Duration::from_millis(250);

/// A client of the service's URL.
pub(super) struct Requests {
    http: reqwest::Client,
    url: reqwest::Url,
}

/// The traffic of one revision.
#[derive(Debug, Serialize)]
pub(super) struct Share {
    pub(super) revision: String,
    pub(super) wanted_percent: u8,
    pub(super) requests: u32,
    pub(super) measured_percent: f64,
}

impl Share {
    pub(super) fn new(revision: String, wanted_percent: u8) -> Self {
        Self { revision, wanted_percent, requests: 0, measured_percent: 0.0 }
    }
}

/// The answers counted.
pub(super) struct Measured {
    pub(super) shares: [Share; 2],
    /// Answers that came from neither revision.
    pub(super) others: u32,
    /// What the first request without an answer failed with.
    pub(super) trouble: Option<String>,
    pub(super) took: Duration,
}

impl Measured {
    /// Requests a second.
    pub(super) fn rate(&self) -> f64 {
        f64::from(self.total()) / self.took.as_secs_f64().max(f64::EPSILON)
    }

    pub(super) fn total(&self) -> u32 {
        self.others + self.shares.iter().map(|share| share.requests).sum::<u32>()
    }
}

impl Requests {
    pub(super) fn to(url: &str) -> Result<Self, Failure> {
        let bad = |error: &dyn std::fmt::Display| {
            Failure::new(ExitStatus::Failed, format!("the service's URL `{url}` cannot be used: {error}"))
        };
        let parsed = reqwest::Url::parse(url).map_err(|error| bad(&error))?;
        let mut builder =
            reqwest::Client::builder().dns_resolver(LoopbackResolver).timeout(Duration::from_secs(30));
        if parsed.host_str().is_some_and(|host| host.ends_with(".localhost")) {
            builder = builder.no_proxy();
        }
        Ok(Self { http: builder.build().map_err(|error| bad(&error))?, url: parsed })
    }

    /// Asks until the answer has this status: access and routes take a while to reach every server.
    pub(super) async fn until_status(&self, wanted: u16, deadline: Deadline) -> Result<(), Failure> {
        loop {
            let seen = match self.http.get(self.url.clone()).send().await {
                Ok(answer) if answer.status().as_u16() == wanted => return Ok(()),
                Ok(answer) => answer.status().to_string(),
                Err(error) => error.without_url().to_string(),
            };
            if deadline.remaining() <= PAUSE {
                let message = format!("{} did not answer {wanted} in time; last: {seen}", self.url);
                return Err(Failure::new(ExitStatus::Failed, message));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Sends requests, several at a time, and counts which revision answered.
    pub(super) async fn count(
        &self,
        requests: u32,
        mut shares: [Share; 2],
        progress: impl Fn(u32),
    ) -> Result<Measured, Failure> {
        let start = Instant::now();
        let answers = futures::stream::iter(0..requests).map(|_| async {
            let answer = self.http.get(self.url.clone()).send().await?;
            answer.error_for_status()?.text().await
        });
        let mut answers = std::pin::pin!(answers.buffer_unordered(PARALLEL));
        let (mut others, mut sent, mut trouble) = (0, 0, None);
        while let Some(answer) = answers.next().await {
            sent += 1;
            match answer {
                Ok(body) => match shares.iter_mut().find(|share| body.contains(&share.revision)) {
                    Some(share) => share.requests += 1,
                    None => others += 1,
                },
                Err(error) => {
                    others += 1;
                    trouble.get_or_insert(error.without_url().to_string());
                }
            }
            if sent % (requests / 5).max(1) == 0 {
                progress(sent);
            }
        }
        if others == requests {
            let why = trouble.unwrap_or_else(|| "the image does not say which revision answers".to_owned());
            return Err(Failure::new(ExitStatus::Failed, format!("no answer could be counted: {why}")));
        }
        Ok(Measured { shares, others, trouble, took: start.elapsed() })
    }
}
