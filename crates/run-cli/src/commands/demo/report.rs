//! What the walkthrough found, for people and for programs.

use std::fmt::Write;
use std::time::Duration;

use serde::Serialize;

use super::requests::{Measured, Share};
use super::settings::Settings;
use crate::terminal::{ExitStatus, Failure};

/// How far a measured share may be from the wanted one, in percentage points. (Over 5000 requests the standard
/// deviation of a share of 10 % is 0.4 points.)
const TOLERANCE: f64 = 3.0;

/// Three points, or with few requests four standard deviations, which chance alone exceeds once in 15,000 runs.
fn tolerance(percent: u8, requests: u32) -> f64 {
    let share = f64::from(percent);
    let deviation = (share * (100.0 - share) / f64::from(requests)).sqrt();
    TOLERANCE.max(4.0 * deviation)
}

/// The result of a walkthrough that came to its end.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    service: String,
    url: String,
    revisions: [Share; 2],
    requests: u32,
    unattributed: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<String>,
    requests_per_second: f64,
    steps: Vec<StepTime>,
    total_ms: u64,
}

#[derive(Debug, Serialize)]
struct StepTime {
    step: &'static str,
    ms: u64,
}

impl Report {
    pub(super) fn new(
        settings: &Settings,
        url: String,
        measured: Measured,
        timings: Vec<(&'static str, Duration)>,
    ) -> Self {
        let ms = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let (requests, rate) = (measured.total(), measured.rate());
        let Measured { mut shares, others, trouble, .. } = measured;
        let attributed = f64::from(requests - others).max(1.0);
        for share in &mut shares {
            share.measured_percent = f64::from(share.requests) * 100.0 / attributed;
        }
        Self {
            service: settings.service.to_string(),
            url,
            revisions: shares,
            requests,
            unattributed: others,
            trouble,
            requests_per_second: rate.round(),
            total_ms: timings.iter().map(|(_, took)| ms(*took)).sum(),
            steps: timings.into_iter().map(|(step, took)| StepTime { step, ms: ms(took) }).collect(),
        }
    }

    /// Whether the measured split is the wanted one.
    pub(super) fn verdict(&self) -> Result<(), Failure> {
        for share in &self.revisions {
            let off = (share.measured_percent - f64::from(share.wanted_percent)).abs();
            if off > tolerance(share.wanted_percent, self.requests) {
                let message = format!(
                    "{} answered {:.1} % of the requests instead of {} %",
                    share.revision, share.measured_percent, share.wanted_percent
                );
                return Err(Failure::new(ExitStatus::Failed, message));
            }
        }
        Ok(())
    }

    pub(super) fn text(&self) -> String {
        let widest = self.revisions.iter().map(|share| share.revision.len()).max().unwrap_or(0).max(8);
        let mut text =
            format!("{:<widest$}  {:>7}  {:>9}  {:>9}\n", "REVISION", "WANTED", "REQUESTS", "MEASURED");
        for share in &self.revisions {
            let (wanted, measured) = (share.wanted_percent, share.measured_percent);
            let _ = writeln!(
                text,
                "{:<widest$}  {wanted:>5} %  {:>9}  {measured:>7.1} %",
                share.revision, share.requests
            );
        }
        if self.unattributed > 0 {
            let why = self.trouble.as_deref().unwrap_or("the answer names neither revision");
            let _ = writeln!(text, "{:<widest$}  {:>7}  {:>9}  {why}", "(neither)", "", self.unattributed);
        }
        let steps: Vec<String> =
            self.steps.iter().map(|step| format!("{} {} ms", step.step, step.ms)).collect();
        let seconds = Duration::from_millis(self.total_ms).as_secs_f64();
        let _ = write!(
            text,
            "\n{}\ntotal {seconds:.1} s, {} requests a second",
            steps.join(", "),
            self.requests_per_second
        );
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(first: u32, second: u32) -> Report {
        let mut shares = [Share::new("a".to_owned(), 90), Share::new("b".to_owned(), 10)];
        shares[0].requests = first;
        shares[1].requests = second;
        let arguments = super::super::Arguments {
            service: "hello".to_owned(),
            image: "i".to_owned(),
            canary: 10,
            requests: first + second,
            timeout: 1,
            yes: false,
        };
        let settings = Settings::resolve(arguments, &crate::arguments::GlobalArguments::default()).unwrap();
        let measured = Measured { shares, others: 0, trouble: None, took: Duration::from_secs(1) };
        Report::new(&settings, "http://x".to_owned(), measured, vec![("check", Duration::from_millis(2))])
    }

    #[test]
    fn three_points_are_tolerated() {
        assert!(report(9_000, 1_000).verdict().is_ok());
        assert!(report(8_701, 1_299).verdict().is_ok());
        assert!(report(8_699, 1_301).verdict().is_err());
        assert!(report(10_000, 0).verdict().is_err());
    }

    #[test]
    fn few_requests_are_judged_by_what_chance_allows() {
        assert!(report(1, 0).verdict().is_ok());
        assert!(report(80, 20).verdict().is_ok());
        assert!(report(77, 23).verdict().is_err());
    }

    #[test]
    fn text_form() {
        assert_eq!(
            report(4_500, 500).text(),
            "REVISION   WANTED   REQUESTS   MEASURED\n\
             a            90 %       4500     90.0 %\n\
             b            10 %        500     10.0 %\n\
             \ncheck 2 ms\ntotal 0.0 s, 5000 requests a second"
        );
    }
}
