//! Everything at once, by seeds.

use super::*;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// A server on a bad day, by a seed: answers are lost, writes come late, reads are stale, others write in between.
struct BadDay {
    random: StdRng,
    now: Service,
    before: Service,
    late: Vec<Service>,
    /// The generations that our edit made.
    ours: Vec<i32>,
    writes: i32,
}

impl BadDay {
    fn new(seed: u64) -> Self {
        let mut now = stored_at(4, &[]);
        if seed.is_multiple_of(2) {
            WriteId::new().stamp(now.metadata.as_mut().unwrap(), None);
        }
        let random = StdRng::seed_from_u64(seed);
        Self { random, before: now.clone(), now, late: Vec::new(), ours: Vec::new(), writes: 4 }
    }

    fn odds(&mut self, percent: u32) -> bool {
        self.random.random_range(0..100) < percent
    }

    fn put(&mut self, sent: &Service) -> std::result::Result<(), run_api::Error> {
        let version = |service: &Service| service.metadata.as_ref().unwrap().resource_version.clone();
        if version(&self.now) != version(sent) {
            return Err(conflict());
        }
        let changes =
            serde_json::to_value(&sent.spec).unwrap() != serde_json::to_value(&self.now.spec).unwrap();
        let had = self.now.clone().container_mut().args.len();
        self.before = std::mem::replace(&mut self.now, sent.clone());
        self.writes += 1;
        let metadata = self.now.metadata.as_mut().unwrap();
        metadata.generation = metadata.generation.map(|generation| generation + i32::from(changes));
        metadata.resource_version = Some(self.writes.to_string());
        let generation = metadata.generation.unwrap();
        if self.now.container_mut().args.len() > had {
            self.ours.push(generation);
        }
        Ok(())
    }

    fn dry_replace(&mut self, sent: &Service) -> std::result::Result<Service, run_api::Error> {
        let version = |service: &Service| service.metadata.as_ref().unwrap().resource_version.clone();
        if version(&self.now) == version(sent) { Ok(sent.clone()) } else { Err(conflict()) }
    }

    /// What happens between two of our requests.
    fn pass(&mut self) {
        if self.odds(20) {
            let mut other = self.now.clone();
            match self.random.random_range(0..3) {
                // Only the status moves.
                0 => {}
                1 => drop(other.set_env("OTHER", &self.writes.to_string())),
                _ => {
                    let id = WriteId::new();
                    other.set_env("OTHER", &self.writes.to_string());
                    id.stamp(other.metadata.as_mut().unwrap(), self.now.metadata.as_ref());
                }
            }
            self.put(&other).unwrap();
        }
        if !self.late.is_empty() && self.odds(40) {
            let late = self.late.remove(0);
            let _ = self.put(&late);
        }
    }

    fn read(&mut self) -> Service {
        self.pass();
        if self.odds(25) { self.before.clone() } else { self.now.clone() }
    }

    fn replace(&mut self, sent: &Service) -> std::result::Result<Service, run_api::Error> {
        self.pass();
        let lost = [
            timeout(),
            run_api::Error::from_kind(run_api::ErrorKind::Transport, "reset"),
            run_api::Error::from_status(504, "DEADLINE_EXCEEDED", "gateway"),
        ];
        let lost = lost.into_iter().nth(self.random.random_range(0..3)).unwrap();
        match self.random.random_range(0..100) {
            0..15 => Err(lost),
            15..30 => {
                self.late.push(sent.clone());
                Err(lost)
            }
            30..50 => self.put(sent).and(Err(lost)),
            50..58 => Err(unavailable()),
            58..64 => self.put(sent).and(Err(unavailable())),
            64..72 => Err(denied()),
            72..80 => Err(conflict()),
            // It is delivered twice, and the answer is the second one's.
            80..86 => self.put(sent).and_then(|()| self.put(sent)).map(|()| self.now.clone()),
            _ => self.put(sent).map(|()| self.now.clone()),
        }
    }
}

/// Whatever is told is true, also of what arrives after it was told.
#[tokio::test(start_paused = true)]
async fn nothing_told_on_a_bad_day_is_a_lie() {
    let mut endings = [0; 3];
    for seed in 0..1500 {
        let day = Arc::new(Mutex::new(BadDay::new(seed)));
        let mut api = MockCloudRun::new();
        let (reads, writes) = (day.clone(), day.clone());
        api.services.expect_get().returning(move |_| Ok(reads.lock().unwrap().read()));
        api.services.expect_replace().returning(move |_, sent| writes.lock().unwrap().replace(sent));
        let dry = day.clone();
        api.services.expect_dry_replace().returning(move |_, sent| dry.lock().unwrap().dry_replace(sent));
        let few = crate::retry::RetryPolicyExt::with_attempt_limit(crate::retry::TransientFaults, 5);
        let ops = Ops::new(api).retry_policy(few).conflict_attempts(4);
        let result = ops
            .update_service(&hello(), |service| {
                service.container_mut().args.push("--verbose".to_owned());
                Ok(())
            })
            .await;
        let mut day = day.lock().unwrap();
        while let Some(late) = day.late.pop() {
            let _ = day.put(&late);
        }
        let what =
            format!("seed {seed}: {:?}, made {:?}", result.as_ref().map(Written::generation), day.ours);
        match result {
            Ok(written) => {
                endings[0] += 1;
                assert_eq!(day.ours, [written.generation()], "{what}");
            }
            Err(error) if error.is_outcome_unknown() => {
                endings[1] += 1;
                assert!(day.ours.len() <= 1, "{what}");
            }
            Err(_) => {
                endings[2] += 1;
                assert!(day.ours.is_empty(), "{what}");
            }
        }
    }
    assert!(endings.iter().all(|count| *count > 100), "{endings:?}");
}
